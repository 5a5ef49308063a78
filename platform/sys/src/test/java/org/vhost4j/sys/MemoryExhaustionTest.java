// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Tests that exhausted memory ends the process, in any thread, even when the error is caught. */
class MemoryExhaustionTest {
    /** The main class of a child process: a thread catches the error. */
    static final class Program {
        private Program() {}

        static void main(String[] arguments) throws InterruptedException {
            Throwable thrown = switch (arguments[0]) {
                case "heap" -> exhausted();
                case "thread" -> new IllegalStateException(new OutOfMemoryError("unable to create native thread"));
                default -> new IllegalStateException("another defect");
            };
            Thread thread = Thread.ofPlatform().start(() -> MemoryExhaustion.endIfCauseOf(thrown));
            thread.join();
        }

        private static Throwable exhausted() {
            try {
                Object[] chain = null;
                while (true) {
                    Object[] next = new Object[1 << 16];
                    next[0] = chain;
                    chain = next;
                }
            } catch (OutOfMemoryError e) {
                return e;
            }
        }
    }

    private record Ended(int status, String errors) {}

    private static Ended run(String what) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-Xmx32m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Program.class.getName(),
                        what)
                .start();
        String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return new Ended(process.exitValue(), errors);
    }

    @Test
    void theProcessEndsWithALine() throws Exception {
        Ended exhausted = new Ended(3, "vhost4j: out of memory, or of threads (ulimit -u): ends with status 3\n");
        assertThat(run("heap")).isEqualTo(exhausted);
        assertThat(run("thread")).isEqualTo(exhausted);
    }

    @Test
    void anotherFailureDoesNotEndIt() throws Exception {
        assertThat(run("defect")).isEqualTo(new Ended(0, ""));
    }
}
