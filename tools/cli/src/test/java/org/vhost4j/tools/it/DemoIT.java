// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.tools.DocumentCommand;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/** Runs README's first command for a shorter time: two real guests, and the table at the end. */
@Timeout(600)
class DemoIT {
    @Test
    void twoGuestsExchangeSuperFrames() throws Exception {
        try (ChildBackEnd demo =
                ChildBackEnd.start(Path.of("").toAbsolutePath(), "demo", "--seconds=1", "--datagrams=2000")) {
            demo.awaitLine("demo: booting two guests (-accel tcg)");
            demo.awaitLine("demo: guest1 is up");
            demo.awaitLine("demo: iperf3, TCP over IPv6, guest1 to guest0");
            demo.awaitLine("guest0 negotiated 0x");
            demo.awaitLine("UDP super-frames crossed in both directions; nothing was damaged or lost.");
            int status = demo.awaitEnd(20);
            String text = String.join("\n", demo.lines());
            assertThat(status).as(text).isZero();
            assertThat(text).doesNotContain("FAILED", "...");
            // What a page shows of it, without what was installed before.
            List<String> shown = DocumentCommand.all().stream()
                    .filter(command -> command.line().endsWith("tools/vhost4j demo"))
                    .flatMap(command -> command.shown().stream())
                    .filter(line -> line.startsWith("demo: ") || line.startsWith("UDP super-frames"))
                    .map(DemoIT::withoutVersions)
                    .toList();
            assertThat(shown).hasSizeGreaterThan(4);
            assertThat(demo.lines().stream().map(DemoIT::withoutVersions)).containsSubsequence(shown);
        }
    }

    /** A line for any machine and any platform that the host keeps. */
    private static String withoutVersions(String line) {
        return line.replaceAll("(pc-q35|linux)-[\\d.]+", "$1");
    }
}
