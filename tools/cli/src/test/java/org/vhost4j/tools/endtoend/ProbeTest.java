// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.tools.probe.ProbeCommand;
import picocli.CommandLine;

/** {@code probe} against the real back-end. */
class ProbeTest {
    private final StringWriter out = new StringWriter();

    private int probe(String... arguments) {
        CommandLine line = new CommandLine(new ProbeCommand());
        line.setOut(new PrintWriter(out));
        return line.execute(arguments);
    }

    @Test
    void whatIsOfferedIsSaidAndTheNextFrontEndNoticesNothing() {
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(probe(backEnd.socket(0).toString(), "--machine", "pc-q35-10.0"))
                    .isZero();
            assertThat(out.toString())
                    .contains("MRG_RXBUF", "HOST_USO", "CONFIGURE_MEM_SLOTS")
                    .containsPattern("memory slots +509")
                    .containsPattern("mtu +9000")
                    .containsPattern("linux-4.14 +honoured")
                    .containsPattern("linux-6.2 +honoured");
            try (NetDriver driver = backEnd.attach(0, NetSetup.full())) {
                driver.send(new byte[60]);
                assertThat(driver.receive().bytes()).hasSize(60);
            }
        }
    }

    @Test
    void aBackEndThatConnectsIsProbedToo(@TempDir Path directory) {
        Path socket = directory.resolve("s");
        try (TestBackEnd backEnd = TestBackEnd.connectingTo(socket)) {
            assertThat(backEnd).isNotNull();
            assertThat(probe(socket.toString(), "--listen", "--json")).isZero();
            assertThat(out.toString()).contains("\"listening\" : true", "\"memory-slots\" : 509");
        }
    }

    @Test
    void aRecordedProbeIsComparedMessageByMessage(@TempDir Path directory) throws Exception {
        Path trace = directory.resolve("probe.trace");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            String socket = backEnd.socket(0).toString();
            assertThat(probe(socket, "--record=" + trace)).isZero();
            List<String> lines = Files.readAllLines(trace);
            assertThat(lines)
                    .contains("command: probe", "outcome: pass")
                    .anyMatch(line -> line.endsWith("#1 > GET_QUEUE_NUM"));
            assertThat(probe(socket, "--replay=" + trace)).isZero();
            assertThat(out.toString()).endsWith("messages, all as recorded\noutcome: pass, as recorded\n");
            int answer = 0;
            while (!lines.get(answer).contains("< GET_QUEUE_NUM")) {
                answer++;
            }
            lines.set(answer + 1, lines.get(answer + 1).replaceFirst("[0-9a-f]{2}(0{14})$", "77$1"));
            Files.write(trace, lines);
            assertThat(probe(socket, "--replay=" + trace)).isEqualTo(1);
            assertThat(out.toString()).contains("recorded: #1 < GET_QUEUE_NUM (reply) 119");
        }
    }

    @Test
    void theSchemaIsPrintedWithoutABackEnd() {
        assertThat(probe("--schema")).isZero();
        assertThat(out.toString()).startsWith("{").contains("vhost4j-probe");
    }
}
