// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.rate.RateLimit;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;
import picocli.CommandLine;

/** Tests the commands that change a running back-end, which is started without a guest. */
@Timeout(120)
class GuestCommandTest {
    @TempDir
    Path directory;

    private static String output(Object command, String... arguments) {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            CommandLine line = new CommandLine(command);
            line.setExecutionExceptionHandler((thrown, at, parsed) -> {
                throw thrown;
            });
            int status = line.execute(arguments);
            return out.toString(StandardCharsets.UTF_8) + (status == 0 ? "" : "status " + status);
        } finally {
            System.setOut(before);
        }
    }

    @Test
    void aGuestAndAPortComeChangeAndGo() throws Exception {
        Path monitor = directory.resolve("qmp.sock");
        Path guest = directory.resolve("web.sock");
        Path peer = directory.resolve("peer.sock");
        try (ChildBackEnd backEnd = ChildBackEnd.start(directory, "run", "--qmp=unix:" + monitor, "--lanes=2")) {
            backEnd.awaitLine("vhost4j: offers");
            Await.until("the monitor listens", () -> Files.exists(monitor));
            String qmp = "--qmp=unix:" + monitor;
            assertThat(output(
                            new GuestCommand(),
                            "add",
                            qmp,
                            guest + ",name=web,tag=7,trust-guest-mac=on,mac=52:54:00:00:00:01"))
                    .isEqualTo("web\n");
            assertThat(guest).exists();
            assertThat(output(new GuestCommand(), "set", qmp, "web", "vlan_mode=trunk,trunks=[1,10-20],link=down"))
                    .isEmpty();
            assertThat(output(new GuestCommand(), "list", qmp))
                    .contains("web", "waiting", "52:54:00:00:00:01", "false");
            String port = "stream:unix:" + peer + ",server=on,tag=7";
            assertThat(output(new PortCommand(), "add", qmp, port)).isEqualTo("stream:unix:" + peer + "\n");
            assertThat(output(new PortCommand(), "set", qmp, "stream:unix:" + peer, "port-security=on"))
                    .isEmpty();
            assertThat(output(new PortCommand(), "list", qmp)).contains("stream:unix:" + peer);
            assertThat(output(new PortCommand(), "remove", qmp, "stream:unix:" + peer))
                    .isEmpty();
            assertThat(output(new GuestCommand(), "remove", "--json", qmp, "web"))
                    .startsWith("{\"name\":\"web\",\"counters\":");
            assertThat(guest).doesNotExist();
            backEnd.terminate();
            assertThat(backEnd.awaitEnd(20)).isZero();
        }
    }

    @Test
    void theLargestRateIsANumber() {
        String rate = Long.toString(RateLimit.MOST);
        assertThat(MonitorOptions.settings("/a", "rate=" + rate, ConfigSetting.guest(), MonitorOptions.named("a")))
                .hasToString("{\"name\":\"a\",\"rate\":" + rate + "}");
    }

    @Test
    void whatIsWrongIsSaidInALine() {
        assertThatThrownBy(
                        () -> MonitorOptions.settings("/a", "tga=5", ConfigSetting.guest(), MonitorOptions.named("a")))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage("/a: there is no setting 'tga'; did you mean 'tag'?");
        Path missing = directory.resolve("missing.sock");
        MonitorOptions monitor = new MonitorOptions();
        monitor.qmp = "unix:" + missing;
        assertThatThrownBy(() -> monitor.ask("query-ports", MonitorOptions.named("a")))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(missing + ": ");
    }
}
