// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.tools.run.RunCommand;
import picocli.CommandLine;

/**
 * Tests that {@code platform check} predicts the result of {@code run} with the same machine, platform, settings and
 * queues.
 */
final class CheckAndRunTest {
    private static final List<String> PLATFORMS = List.of("linux-6.1", "linux-6.12", "linux-6.17", "host");

    private static final List<String> SETTINGS = List.of(
            "",
            "host_uso=off",
            "host_uso=on",
            "host_uso=off,guest_uso4=off,guest_uso6=off",
            "guest_uso4=on,guest_uso6=on",
            "guest_uso4=off",
            "csum=off",
            "guest_csum=off",
            "csum=off,guest_csum=off",
            "host_ufo=on,guest_ufo=on",
            "host_tunnel=on",
            "mrg_rxbuf=off",
            "queue_reset=off",
            "queue_reset=on",
            "in_order=on,packed=on",
            "mq=on",
            "mq=off",
            "rss=on",
            "host_mtu=9000",
            "host_mtu=12",
            "speed=10000",
            "rx_queue_size=1024",
            "guest_tso4=off,guest_ecn=off",
            "host_usso=on",
            "host_uso=maybe",
            "host_uso=auto",
            "ctrl_vq=off");

    /** Where a start ends that nothing else has stopped. */
    private static final String NO_ABI = "--expect-abi: 'none'";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private final List<Path> hosts = new ArrayList<>();

    private record Ended(int status, String error) {}

    @BeforeEach
    void hosts() throws IOException {
        for (String name : List.of("linux-6.1", "linux-6.17")) {
            Set<HostCapability> present =
                    PlatformCatalog.shipped().platform(name).orElseThrow().requires();
            Path file = directory.resolve(name + ".json");
            Files.writeString(file, HostCapabilitiesJson.write(HostCapabilities.imagined(name, present)));
            hosts.add(file);
        }
    }

    private static Ended execute(Object command, List<String> arguments) {
        StringWriter error = new StringWriter();
        CommandLine line = new CommandLine(command)
                .setOut(new PrintWriter(new StringWriter()))
                .setErr(new PrintWriter(error, true));
        line.setExecutionExceptionHandler((thrown, given, parsed) -> {
            given.getErr().println(thrown.getMessage());
            return 2;
        });
        return new Ended(line.execute(arguments.toArray(String[]::new)), error.toString());
    }

    @Test
    void sayTheSameAboutManySettings() {
        int kept = 0;
        int lacked = 0;
        int refused = 0;
        for (Path host : hosts) {
            for (String platform : PLATFORMS) {
                for (String settings : SETTINGS) {
                    for (String queues : settings.startsWith("mq") ? List.of("1", "4") : List.of("1")) {
                        List<String> shared = new ArrayList<>(List.of("--queues", queues));
                        if (!settings.isEmpty()) {
                            shared.addAll(List.of("--set", settings));
                        }
                        shared.addAll(List.of("--host-capabilities", host.toString()));
                        List<String> check = new ArrayList<>(List.of("check", platform));
                        check.addAll(shared);
                        List<String> run = new ArrayList<>(List.of(
                                "--socket-path=" + directory.resolve("never.sock"),
                                "--port=tap:ifname=vh4jnever",
                                "--platform=" + platform,
                                "--expect-abi=none"));
                        run.addAll(shared);
                        Ended checked = execute(new PlatformCommand(), check);
                        Ended started = execute(new RunCommand(), run);
                        boolean starts = started.error().startsWith(NO_ABI);
                        assertThat(checked.status() == 0)
                                .as("%s on %s: check says %s, run says %s", check, host, checked, started)
                                .isEqualTo(starts);
                        if (checked.status() == 2) {
                            assertThat(checked.error()).isEqualTo(started.error());
                            refused++;
                        } else if (starts) {
                            kept++;
                        } else {
                            lacked++;
                        }
                    }
                }
            }
        }
        assertThat(List.of(kept, lacked, refused)).as("all three were met").allMatch(count -> count > 20);
    }
}
