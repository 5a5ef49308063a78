// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WorkingDirectoryTest {
    /** A process that makes a directory with a file in it, says its name, and waits. */
    static final class Waiting {
        private Waiting() {}

        public static void main(String[] arguments) throws Exception {
            Path directory = WorkingDirectory.make("vhost4j-load");
            Files.createFile(Files.createDirectory(directory.resolve("inner")).resolve("file"));
            System.out.println(directory);
            int unused = System.in.read();
        }
    }

    private static Process start() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Waiting.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static void endsWithoutDirectory(boolean bySignal) throws Exception {
        Process process = start();
        try (var lines = process.inputReader()) {
            Path directory = Path.of(lines.readLine());
            assertThat(directory.resolve("inner/file")).exists();
            if (bySignal) {
                boolean unused = process.toHandle().destroy();
            } else {
                process.getOutputStream().close();
            }
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(directory).doesNotExist();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void itIsRemovedAtTheEnd() throws Exception {
        endsWithoutDirectory(false);
    }

    @Test
    void itIsRemovedAfterASignal() throws Exception {
        endsWithoutDirectory(true);
    }
}
