// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the content of the packages that {@code tools/packaging} builds. */
class PackagingTest {
    private static final Path FILES = Path.of("..", "packaging");

    @TempDir
    private Path directory;

    /** The result of a command. */
    private record Ended(int status, String output) {}

    private static Ended run(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
    }

    @Test
    void theServiceIsNoMoreExposedThanItMustBe() throws IOException, InterruptedException {
        String output = SystemdAnalyze.passing(
                "security",
                "--offline=true",
                "--no-pager",
                "--threshold=28",
                FILES.resolve("vhost4j@.service").toString());
        assertThat(output).contains("Overall exposure level");
    }

    @Test
    void aSuccessorCanTellTheServiceManager() throws IOException {
        assertThat(Files.readAllLines(FILES.resolve("vhost4j@.service"))).contains("Type=notify", "NotifyAccess=all");
    }

    @Test
    void systemdUnderstandsTheService() throws IOException, InterruptedException {
        String unit = Files.readString(FILES.resolve("vhost4j@.service"))
                .replace("/usr/bin/vhost4j ", "/bin/true ")
                .replace("/usr/lib/vhost4j/tools/succeed ", "/bin/true ");
        Path file = Files.writeString(directory.resolve("vhost4j@a.service"), unit);
        SystemdAnalyze.verify(List.of(file));
    }

    @Test
    void aReloadEndsWhenTheSuccessorHasTakenOver() throws IOException, InterruptedException {
        assertThat(succeed("kill \"$2\"; exec sleep 30").status()).isZero();
    }

    @Test
    void aReloadFailsWhenTheSuccessorDoes() throws IOException, InterruptedException {
        assertThat(succeed("exit 2").status()).isEqualTo(1);
    }

    /** Runs {@code succeed} with a predecessor that waits, and a successor that this script is; both have ended afterwards. */
    private Ended succeed(String successor) throws IOException, InterruptedException {
        Path program =
                Files.writeString(directory.resolve("vhost4j"), "#!/bin/bash\necho $$ >\"$1\"\n" + successor + "\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        Path process = directory.resolve("process");
        // The predecessor is not a child of the one that waits for it: a child that has ended would be there until it
        // is waited for.
        Path predecessor = directory.resolve("predecessor");
        run(new ProcessBuilder("bash", "-c", "setsid sleep 30 >&- 2>&- <&- & echo $! >\"$0\"", predecessor.toString()));
        String old = Files.readString(predecessor).strip();
        ProcessBuilder builder = new ProcessBuilder(FILES.resolve("succeed").toString(), old, process.toString(), old);
        builder.environment().put("VHOST4J", program.toString());
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        try {
            Process started =
                    builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
            return new Ended(started.waitFor(), "");
        } finally {
            for (String each : List.of(old, Files.readString(process).strip())) {
                ProcessHandle.of(Long.parseLong(each)).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }
}
