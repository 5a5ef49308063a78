// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.Vhost4j;
import picocli.CommandLine;

/** Tests that this project's back-end passes every case for which it has the features. */
@Timeout(600)
class OwnBackEndIT {
    @Test
    void passesEveryCase(@TempDir Path directory) throws Exception {
        Path socket = directory.resolve("echo.sock");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String command = String.join(
                " ",
                List.of(
                        java,
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Vhost4j.class.getName(),
                        "run",
                        "--socket-path={socket}",
                        "--port",
                        "echo",
                        "--queues 2 --mtu 1500 --set packed=on --set in_order=on --set rss=on --set hash=on",
                        "--set notf_coal=on --set vq_notf_coal=on --set iommu_platform=on"));
        StringWriter printed = new StringWriter();
        int status = new CommandLine(new ConformanceCommand())
                .setOut(new PrintWriter(printed))
                .execute(socket.toString(), "--timeout", "10", "--exec", command);
        assertThat(printed.toString()).contains(" 0 failed");
        // Huge pages and userfaultfd are the host's.
        assertThat(printed.toString().lines().filter(line -> line.contains("not applicable:")))
                .allMatch(line -> line.contains("memory.huge-pages") || line.contains("postcopy."));
        assertThat(status).isZero();
    }
}
