// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.common.MainClass;

/** Tests the program when its output is a full pipe that is not read, or a file that a front-end could fill. */
@Timeout(300)
class SlowReaderTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** In one round; {@code tools/isolation} runs more rounds. */
    private static final int REFUSED = 1_000;

    /** An MTU below 68 is refused, and each refusal is a line. */
    private static final int REFUSED_MTU = 67;

    /** An orderly end has five seconds, the JVM some more on a busy machine. */
    private static final long END_SECONDS = 60;

    /** Runs a command with a FIFO as its standard output that is full; what is written to it waits forever. */
    private static final String OUTPUT_FULL = "mkfifo full && exec 7<>full && { dd if=/dev/zero of=/proc/self/fd/7"
            + " bs=4096 count=4096 oflag=nonblock; exec \"$@\" >&7; }";

    @TempDir
    Path directory;

    private final List<Process> programs = new ArrayList<>();

    @AfterEach
    void endPrograms() {
        programs.forEach(Process::destroyForcibly);
    }

    private Process run(List<String> wrapper, Path out) throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-XX:+ExitOnOutOfMemoryError",
                "-Djna.nosys=true",
                "-cp",
                System.getProperty("java.class.path"),
                MainClass.NAME,
                "run",
                "--socket-path=a.sock",
                "--socket-path=b.sock",
                "--socket-path=c.sock"));
        Process program = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(out.toFile())
                .redirectError(directory.resolve("err").toFile())
                .start();
        programs.add(program);
        for (String socket : List.of("a.sock", "b.sock", "c.sock")) {
            try (Rendezvous rendezvous = Rendezvous.connecting(directory.resolve(socket))) {
                rendezvous.connectServed(PATIENCE).close();
            }
        }
        return program;
    }

    private void flood(Process program, String event) {
        try (Neighbours neighbours = Neighbours.attach(directory.resolve("a.sock"), directory.resolve("b.sock"))) {
            Rounds.of(event, Limit.times(3, Duration.ofMillis(20))).run(neighbours, () -> {
                try (NetDriver driver = NetDriver.attach(directory.resolve("c.sock"), NetSetup.full())) {
                    for (int i = 0; i < REFUSED; i++) {
                        assertThatThrownBy(() -> driver.frontEnd().netSetMtu(REFUSED_MTU))
                                .isInstanceOf(FrontEndException.Refused.class);
                    }
                }
            });
        }
        assertThat(program.isAlive()).isTrue();
    }

    private void endsWhenToldTo(Process program) throws InterruptedException {
        program.destroy();
        assertThat(program.waitFor(END_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(program.exitValue()).isZero();
        assertThat(directory.resolve("a.sock")).doesNotExist();
    }

    private static long refusals(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("warning: guest2: ") && line.contains("MTU 67 is not 68 to 65535"))
                .count();
    }

    private static long leftOut(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("guest2: ") && line.contains(" lines left out: "))
                .mapToLong(line -> Long.parseLong(line.substring("guest2: ".length(), line.indexOf(" lines"))))
                .sum();
    }

    @Test
    void aFullPipeStopsNothing() throws Exception {
        Process program = run(List.of("bash", "-c", OUTPUT_FULL, "full"), directory.resolve("unused"));
        flood(program, "refused messages while standard output is a full pipe");
        endsWhenToldTo(program);
    }

    @Test
    void aFloodOfLinesIsLimitedAndCounted() throws Exception {
        Path out = directory.resolve("out");
        Process program = run(List.of(), out);
        flood(program, "refused messages while standard output is a file");
        // Every refusal is a line, or one of those that were left out; beside them are the few lines of each
        // attachment. A disk that is busy takes them late, and the program's end would not wait for it.
        Await.until("every refusal is accounted for in " + out, () -> {
            List<String> lines = Files.readAllLines(out);
            return refusals(lines) + leftOut(lines) >= REFUSED;
        });
        endsWhenToldTo(program);
        assertThat(refusals(Files.readAllLines(out))).isLessThan(REFUSED / 2);
        assertThat(Files.readString(directory.resolve("err"))).isEmpty();
    }
}
