// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.guests.lab.Lab;

/**
 * Tests one front-end of each kind that {@code tools/front-ends} tests completely: a driver without a guest, and
 * firmware.
 */
@Timeout(900)
class FrontEndsIT {
    private static final List<String> CASES =
            List.of("virtio-user suite's packed in order mergeable", "SeaBIOS and QEMU's own iPXE ROM");

    @Test
    void aDriverAndFirmwareOfOtherProjects() throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        Path tools = Path.of("..").toAbsolutePath().normalize();
        List<String> command = new ArrayList<>(List.of(
                "python3",
                tools.resolve("lab/front_ends").toString(),
                "--scripts",
                tools.toString(),
                "--lab",
                lab.files().toString()));
        for (String each : CASES) {
            command.addAll(List.of("--only", each));
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
        builder.environment()
                .put(
                        "VHOST4J_ARCHIVE",
                        Path.of("target", "vhost4j.jar").toAbsolutePath().toString());
        Process process = builder.start();
        process.getOutputStream().close();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(output).endsWith(CASES.size() + " passed, 0 failed\n");
        } finally {
            process.destroyForcibly();
        }
    }
}
