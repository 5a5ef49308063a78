// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.Vhost4j;

/** Tests that a back-end without the option does not load the HTTP server's classes. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class StartCostTest {
    @TempDir
    Path directory;

    @Test
    void theClientOfPrometheusIsLoadedWithTheOptionAlone() throws Exception {
        assertThat(loaded()).noneMatch(StartCostTest::isOfServer);
        assertThat(loaded("--metrics=127.0.0.1:0")).anyMatch(StartCostTest::isOfServer);
    }

    private static boolean isOfServer(String line) {
        return line.contains("io.prometheus.") || line.contains("sun.net.httpserver.");
    }

    /** The lines of a back-end that begins to wait for a front-end, and is ended then. */
    private List<String> loaded(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xlog:class+load",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Vhost4j.class.getName(),
                "run",
                "--socket-path=" + directory.resolve("guest.sock")));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = process.inputReader()) {
            String line = out.readLine();
            boolean waiting = false;
            boolean served = options.length == 0;
            while (line != null && !(waiting && served)) {
                lines.add(line);
                waiting |= line.contains("waiting for a front-end");
                served |= line.contains("metrics and a page at http://127.0.0.1:");
                line = out.readLine();
            }
            assertThat(waiting && served).as(String.join("\n", lines)).isTrue();
            // The process's own method would close the stream.
            assertThat(process.toHandle().destroy()).isTrue();
            while (line != null) {
                line = out.readLine();
            }
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return lines;
    }
}
