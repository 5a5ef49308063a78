// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.tools.negotiate.NegotiateCommand;
import picocli.CommandLine;

/** Tests {@code negotiate} with passt of the lab, which serves one front-end and exits, and returns no frames. */
@Timeout(120)
class NegotiateExecIT {

    @TempDir
    private Path directory;

    private static String command;

    private final StringWriter out = new StringWriter();

    @BeforeAll
    static void passtIsThere() throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        command = "unshare --net sh -c 'ip link set lo up; exec " + lab.files().resolve("passt")
                + " --foreground --one-off --runas 0 --vhost-user --socket {socket}'";
    }

    private int negotiate(String... arguments) {
        CommandLine line = new CommandLine(new NegotiateCommand());
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(out));
        return line.execute(arguments);
    }

    private String socket() {
        return directory.resolve("passt.sock").toString();
    }

    @Test
    void itIsStartedForOneNegotiation() {
        assertThat(negotiate(socket(), "--exec", command, "--expect-features=+MRG_RXBUF,-EVENT_IDX"))
                .as(out.toString())
                .isZero();
    }

    @Test
    void itIsStartedAgainForEachOfAMatrix() {
        assertThat(negotiate(socket(), "--exec", command, "--matrix", "--loop=none", "--limit=60"))
                .as(() -> out.toString())
                .isBetween(0, 1);
        assertThat(out.toString())
                .containsPattern("offer +1 +0 +0")
                .containsPattern("[1-9][0-9]+ of [0-9]+ combinations tried")
                .doesNotContain("accepts no more");
    }
}
