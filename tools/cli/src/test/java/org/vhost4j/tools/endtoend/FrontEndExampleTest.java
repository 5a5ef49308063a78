// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests the example in the documentation of the front-end's package, which is this method. */
class FrontEndExampleTest {
    private static final Path SOURCES = Path.of("..");
    private static final String DOCUMENTED = "front-end/src/main/java/org/vhost4j/frontend/package-info.java";
    private static final String COMPILED = "cli/src/test/java/org/vhost4j/tools/endtoend/FrontEndExampleTest.java";

    // The example begins here.
    static byte[] roundTrip(Path socket, byte[] frame) {
        NetSetup setup = NetSetup.full().packed().withProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS);
        try (Rendezvous rendezvous = Rendezvous.connecting(socket);
                NetDriver driver = NetDriver.attach(rendezvous.connectServed(Duration.ofSeconds(10)), setup)) {
            Ram plugged = driver.guestRam().plug(4 << 20);
            driver.sendFrom(0, plugged);
            driver.send(0, frame, DriverHeader.PLAIN, ChainShape.pieces(100));
            return driver.receive().bytes();
        }
    }
    // The example ends here.

    @Test
    void itWorks() {
        byte[] frame = PacketBuilder.udp4().payload(700, 1).complete();
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(roundTrip(backEnd.socket(0), frame)).isEqualTo(LoopMode.MACSWAP.returned(frame));
        }
    }

    @Test
    void itIsWhatIsDocumented() throws IOException {
        List<String> documented = between(DOCUMENTED, "<pre>{@code", "}</pre>").stream()
                .map(line -> line.replaceFirst("^ \\* ?", ""))
                .toList();
        List<String> compiled = between(COMPILED, "    // The example begins", "    // The example ends").stream()
                .map(line -> line.substring(Math.min(4, line.length())))
                .toList();
        assertThat(documented).isNotEmpty().isEqualTo(compiled);
    }

    private static List<String> between(String file, String first, String last) throws IOException {
        return Files.readAllLines(SOURCES.resolve(file)).stream()
                .dropWhile(line -> !line.contains(first))
                .skip(1)
                .takeWhile(line -> !line.contains(last))
                .toList();
    }
}
