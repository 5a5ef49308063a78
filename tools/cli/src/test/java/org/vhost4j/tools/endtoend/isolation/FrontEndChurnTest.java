// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.LibC;
import org.vhost4j.tools.endtoend.FrontEndProcess;

/**
 * Tests a front-end that is repeatedly killed by SIGKILL, also while it is stopped by SIGSTOP: during the negotiation,
 * after each half message, and under traffic in both directions. The back-end, in its own process, has the same
 * descriptors, mappings, threads and memory before and after, and serves a neighbour all the time.
 *
 * <p>{@code tools/isolation --rounds 2000 --test FrontEndChurnTest} runs many rounds.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class FrontEndChurnTest {
    private static final int ROUNDS_OF_A_BUILD = 60;
    private static final int WARM_UP = 40;
    /** Half messages until both rings run. */
    private static final int STEPS = 40;

    private static final int SIGSTOP = 19;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** What the JVM itself may take more of outside its heap, such as compiled code. */
    private static final long MEMORY_KIB = 24 << 10;

    private final Random random = new Random(16);

    @TempDir
    Path directory;

    /** The resources of the back-end. */
    private record Holding(int descriptors, long mappings, List<String> threads, long memoryKib) {
        static Holding of(long pid) {
            Path proc = Path.of("/proc", Long.toString(pid));
            try (Stream<Path> open = Files.list(proc.resolve("fd"));
                    Stream<Path> tasks = Files.list(proc.resolve("task"))) {
                return new Holding(
                        (int) open.filter(each -> !target(each).endsWith(".jar"))
                                .count(),
                        Files.readAllLines(proc.resolve("maps")).stream()
                                .filter(line -> line.contains("memfd:front-end"))
                                .count(),
                        tasks.map(task -> line(task.resolve("comm")))
                                // The JVM's own, which ends a minute after a program that the start has run.
                                .filter(name -> !name.isEmpty() && !name.equals("process reaper"))
                                .sorted()
                                .toList(),
                        Files.readAllLines(proc.resolve("status")).stream()
                                .filter(line -> line.startsWith("RssAnon:"))
                                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                                .sum());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private static String line(Path file) {
            try {
                return Files.readString(file).strip();
            } catch (IOException e) {
                // It has ended.
                return "";
            }
        }

        private static String target(Path link) {
            try {
                return Files.readSymbolicLink(link).toString();
            } catch (IOException e) {
                return "closed meanwhile";
            }
        }

        /** The thread that closes what a front-end passed ends when it has had nothing to do for a while. */
        boolean closersRest() {
            return threads.stream().noneMatch(name -> name.startsWith("vhost4j-guest"));
        }

        boolean sameBut(Holding other) {
            return descriptors == other.descriptors && mappings == other.mappings && threads.equals(other.threads);
        }
    }

    @Test
    void nothingIsLeftOfFrontEndsThatWereEnded() throws Exception {
        int asked = Integer.getInteger("vhost4j.isolation.rounds", 1);
        int rounds = asked == 1 ? ROUNDS_OF_A_BUILD : asked;
        Path neighbour = directory.resolve("neighbour.sock");
        // A heap that is there from the beginning and does not grow, so that what is left grows only with what is not
        // returned.
        List<String> fixed = List.of(
                "env", "JAVA_TOOL_OPTIONS=-Xms32m -Xmx32m -XX:+AlwaysPreTouch -XX:-UseDynamicNumberOfCompilerThreads");
        try (ChildBackEnd backEnd = ChildBackEnd.startBehind(
                fixed, directory, "run", "--socket-path=" + victim(), "--socket-path=" + neighbour)) {
            backEnd.awaitLine("guest1: waiting for a front-end");
            try (FrontEndProcess beside = FrontEndProcess.start("run", neighbour.toString())) {
                assertThat(beside.line()).isEqualTo("runs");
                for (int i = 0; i < WARM_UP; i++) {
                    round(i);
                }
                Holding before = settled(backEnd, null);
                for (int i = 0; i < rounds; i++) {
                    round(i);
                }
                Holding after = settled(backEnd, before);
                report(rounds, before, after);
                assertThat(after.memoryKib() - before.memoryKib()).isLessThan(MEMORY_KIB);
                assertThat(beside.isAlive()).as("the neighbour is served").isTrue();
            }
        }
    }

    /** The front-end that was ended last is gone from the back-end, too: what is left is the neighbour's. */
    private static Holding settled(ChildBackEnd backEnd, @Nullable Holding before) {
        Holding[] now = new Holding[1];
        Await.until(() -> "the back-end has what it had: " + before + ", now " + now[0], PATIENCE, () -> {
            now[0] = Holding.of(backEnd.pid());
            return now[0].mappings() == 1 && now[0].closersRest() && (before == null || now[0].sameBut(before));
        });
        return now[0];
    }

    private Path victim() {
        return directory.resolve("victim.sock");
    }

    private void round(int number) throws Exception {
        Path victim = victim();
        switch (number % 4) {
            case 0 -> {
                try (FrontEndProcess frontEnd =
                        FrontEndProcess.start("run", victim.toString(), Integer.toString(number / 4 % STEPS))) {
                    frontEnd.awaitEnd();
                }
            }
            case 1 -> {
                try (FrontEndProcess frontEnd = FrontEndProcess.start("run", victim.toString())) {
                    pause(5);
                    frontEnd.kill();
                }
            }
            default -> {
                try (FrontEndProcess frontEnd = FrontEndProcess.start("run", victim.toString())) {
                    assertThat(frontEnd.line()).isEqualTo("runs");
                    pause(4);
                    if (number % 4 == 3) {
                        assertThat(LibC.kill(frontEnd.pid(), SIGSTOP)).isZero();
                        pause(4);
                    }
                    frontEnd.kill();
                }
            }
        }
    }

    /** Any moment: nothing depends on how long it is. */
    private void pause(int mostMillis) {
        LockSupport.parkNanos(random.nextInt(mostMillis * 1_000_000));
    }

    private static void report(int rounds, Holding before, Holding after) throws IOException {
        String row = """

                | front-ends killed | descriptors | mappings | threads | memory outside the heap |
                |---|---|---|---|---|
                | %d | %d, then %d | %d, then %d | %d, then %d | %d KiB, then %d KiB |
                """.formatted(
                        rounds,
                        before.descriptors(),
                        after.descriptors(),
                        before.mappings(),
                        after.mappings(),
                        before.threads().size(),
                        after.threads().size(),
                        before.memoryKib() - (32 << 10),
                        after.memoryKib() - (32 << 10));
        System.out.print(row);
        String file = System.getProperty("vhost4j.isolation.results");
        if (file != null) {
            Files.writeString(Path.of(file), row, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }
}
