// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/**
 * Tests {@code run --trace vhost-user}: it writes the messages of a front-end in both directions, to a file and to
 * standard error.
 */
class TraceTest {
    private static final long END_SECONDS = 60;

    @TempDir(factory = InSharedMemory.class)
    Path directory;

    private static void talk(Path socket) {
        try (FrontEnd frontEnd = FrontEnd.connect(socket)) {
            frontEnd.setOwner();
            long unused = frontEnd.getFeatures();
            frontEnd.setFeatures(1L << 32);
        }
    }

    private List<String> traced(ChildBackEnd backEnd, Path file) throws Exception {
        backEnd.awaitLine("guest0: waiting for a front-end");
        talk(directory.resolve("a"));
        backEnd.awaitLine("guest0: front-end detached");
        backEnd.terminate();
        assertThat(backEnd.awaitEnd(END_SECONDS)).isZero();
        return file.toFile().exists() ? Files.readAllLines(file) : backEnd.lines();
    }

    @Test
    void eachMessageIsALineOfTheFile() throws Exception {
        Path file = directory.resolve("trace");
        try (ChildBackEnd backEnd = ChildBackEnd.start(
                directory,
                "run",
                "--socket-path=a",
                "--trace=vhost-user",
                "--trace-file=trace",
                "--set",
                "packed=off")) {
            List<String> lines = traced(backEnd, file);
            assertThat(lines).allMatch(line -> line.matches("[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6} guest0 .*"));
            assertThat(lines.stream().map(line -> line.substring("00:00:00.000000 ".length())))
                    .startsWith("guest0 front-end: SET_OWNER; size 0", "guest0 front-end: GET_FEATURES; size 0")
                    .contains("guest0 front-end: SET_FEATURES 0x100000000 VERSION_1; size 8")
                    .anyMatch(line -> line.matches(
                            "guest0 back-end: GET_FEATURES \\(reply\\) 0x[0-9a-f]+ CSUM .* VERSION_1 .*; size 8"));
            assertThat(backEnd.lines()).noneMatch(line -> line.contains("GET_FEATURES"));
        }
    }

    @Test
    void withoutAFileItIsOnStandardError() throws Exception {
        try (ChildBackEnd backEnd = ChildBackEnd.start(directory, "run", "--socket-path=a", "--trace=vhost-user")) {
            assertThat(traced(backEnd, directory.resolve("trace")))
                    .anyMatch(line -> line.endsWith(" guest0 front-end: SET_OWNER; size 0"));
        }
    }

    @Test
    void whatCannotBeTracedIsNamed() throws Exception {
        assertThat(last("--trace=frames"))
                .isEqualTo("vhost4j: --trace=frames: there is no such trace, only vhost-user");
        assertThat(last("--trace-file=trace")).isEqualTo("vhost4j: --trace-file=trace: it requires --trace");
    }

    private String last(String option) throws IOException, InterruptedException {
        try (ChildBackEnd backEnd = ChildBackEnd.start(directory, "run", "--socket-path=a", option)) {
            assertThat(backEnd.awaitEnd(END_SECONDS)).isEqualTo(2);
            return backEnd.lines().getLast();
        }
    }
}
