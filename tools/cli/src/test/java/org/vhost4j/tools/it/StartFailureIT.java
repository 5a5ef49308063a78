// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that missing privileges and resources of the host, and paths that are not files, end the program with one line,
 * or are reported and ignored.
 */
@Timeout(120)
class StartFailureIT {
    private static final Path ARCHIVE = Path.of("target", "vhost4j.jar").toAbsolutePath();
    private static final String WAITING = "guest0: waiting for a front-end on a.sock";
    private static final int ORDINARY_USER = 65_533;

    @TempDir
    Path directory;

    private final List<Process> programs = new ArrayList<>();

    @AfterEach
    void endPrograms() {
        programs.forEach(Process::destroyForcibly);
    }

    private record Ended(int status, List<String> out, List<String> err) {}

    private Process start(Path archive, Map<String, String> environment, List<String> wrapper, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+ExitOnOutOfMemoryError",
                "-Djna.nosys=true",
                "-Djna.tmpdir=" + directory.resolve("tmp"),
                "-Djava.io.tmpdir=" + directory.resolve("tmp"),
                "-jar",
                archive.toString()));
        command.addAll(List.of(arguments));
        Files.createDirectories(directory.resolve("tmp"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(directory.resolve("out").toFile())
                .redirectError(directory.resolve("err").toFile());
        builder.environment().putAll(environment);
        Process program = builder.start();
        programs.add(program);
        return program;
    }

    private Ended ended(Process program) throws Exception {
        assertThat(program.waitFor(60, TimeUnit.SECONDS)).as("it ends").isTrue();
        return new Ended(
                program.exitValue(),
                Files.readAllLines(directory.resolve("out")),
                Files.readAllLines(directory.resolve("err")));
    }

    /** Waits until a program has ended, or serves; then it is told to end. */
    private Ended servedOrEnded(Process program) throws Exception {
        while (program.isAlive() && !Files.readString(directory.resolve("out")).contains(WAITING)) {
            boolean unused = program.waitFor(20, TimeUnit.MILLISECONDS);
        }
        program.destroy();
        return ended(program);
    }

    private Path fifo(String name) throws Exception {
        Path fifo = directory.resolve(name);
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        return fifo;
    }

    private Path gigabyte(String name) throws IOException {
        Path file = directory.resolve(name);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 30);
        }
        return file;
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 12, 37})
    void tooFewDescriptors(int limit) throws Exception {
        Ended ended = ended(start(
                ARCHIVE,
                Map.of(),
                List.of("prlimit", "--nofile=" + limit + ":" + limit),
                "run",
                "--socket-path=a.sock"));
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.err())
                .containsExactly(
                        "vhost4j: too few open files are allowed: 1 guests of 1 queue pairs on 1 lanes need up to"
                                + " 38, and the limit is " + limit + " (ulimit -n)");
    }

    @Test
    void enoughDescriptors() throws Exception {
        Ended ended = servedOrEnded(
                start(ARCHIVE, Map.of(), List.of("prlimit", "--nofile=38:38"), "run", "--socket-path=a.sock"));
        assertThat(ended.err()).isEmpty();
        assertThat(ended.status()).isZero();
    }

    /** The JVM takes about 14 threads; wherever ours run out, the program ends with a line, or can be told to end. */
    @ParameterizedTest
    @ValueSource(ints = {16, 20, 22, 23, 24, 26})
    void tooFewThreads(int limit) throws Exception {
        // Root has no limit of threads, and an ordinary user no way to the build's directory.
        Path archive = Files.copy(ARCHIVE, directory.resolve("vhost4j.jar"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.createDirectories(directory.resolve("tmp"));
        Files.setPosixFilePermissions(directory.resolve("tmp"), PosixFilePermissions.fromString("rwxrwxrwx"));
        Ended ended = servedOrEnded(start(
                archive,
                Map.of("HOME", directory.toString()),
                List.of(
                        "setpriv",
                        "--reuid=" + ORDINARY_USER,
                        "--regid=" + ORDINARY_USER,
                        "--clear-groups",
                        "prlimit",
                        "--nproc=" + limit + ":" + limit),
                "run",
                "--socket-path=a.sock"));
        if (ended.out().contains(WAITING)) {
            assertThat(ended.err()).isEmpty();
            assertThat(ended.status()).isZero();
        } else {
            assertThat(ended.err()).hasSize(1);
            assertThat(ended.err().getFirst())
                    .startsWith("vhost4j: cannot start a thread: raise the limit of processes");
            assertThat(ended.status()).isEqualTo(1);
        }
    }

    @Test
    void aTemporaryDirectoryWithoutExecution() throws Exception {
        Path tmp = Files.createDirectories(directory.resolve("tmp"));
        Ended ended = ended(start(
                ARCHIVE,
                Map.of(),
                List.of(
                        "unshare",
                        "--mount",
                        "bash",
                        "-c",
                        "mount -t tmpfs -o noexec none " + tmp + " && exec \"$@\"",
                        "noexec"),
                "run",
                "--socket-path=a.sock"));
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.err()).hasSize(1);
        assertThat(ended.err().getFirst())
                .startsWith("vhost4j: a native library cannot be loaded from " + tmp + " (")
                .contains("not mounted noexec");
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "ip link set lo up"})
    void aNetworkNamespaceOfItsOwn(String preparation) throws Exception {
        Ended ended = servedOrEnded(start(
                ARCHIVE,
                Map.of(),
                List.of("unshare", "--net", "bash", "-c", preparation + " && exec \"$@\"", "net"),
                "run",
                "--socket-path=a.sock"));
        assertThat(ended.err()).isEmpty();
        assertThat(ended.status()).isZero();
    }

    @Test
    void hostCapabilitiesThatAreNone() throws Exception {
        for (Path path : List.of(fifo("fifo"), Path.of("/dev/zero"), gigabyte("large"))) {
            Ended ended = ended(start(
                    ARCHIVE,
                    Map.of(),
                    List.of(),
                    "run",
                    "--socket-path=a.sock",
                    "--port=tap:ifname=none",
                    "--host-capabilities",
                    path.toString()));
            assertThat(ended.status()).isEqualTo(2);
            assertThat(ended.err()).hasSize(1);
            assertThat(ended.err().getFirst())
                    .startsWith("vhost4j: The host capabilities in " + path + " cannot be read: it ");
        }
    }

    @Test
    void definitionsThatAreNoneAreNamedAndTheOthersStand() throws Exception {
        Path platforms = Files.createDirectories(directory.resolve("config/vhost4j/platforms"));
        fifo("config/vhost4j/platforms/60-fifo.json");
        Files.createSymbolicLink(platforms.resolve("61-zero.json"), Path.of("/dev/zero"));
        gigabyte("config/vhost4j/platforms/62-large.json");
        Files.writeString(platforms.resolve("63-many.json"), "[" + "[],".repeat(80_000) + "[]]");
        Map<String, String> environment =
                Map.of("XDG_CONFIG_HOME", directory.resolve("config").toString());
        Ended served = servedOrEnded(
                start(ARCHIVE, environment, List.of(), "run", "--socket-path=a.sock", "--platform=linux-6.1"));
        assertThat(served.status()).isZero();
        assertThat(served.out()).contains(WAITING);
        assertThat(served.err())
                .containsExactly(
                        platforms + "/60-fifo.json: is a device, FIFO or socket, not a regular file",
                        platforms + "/61-zero.json: is a device, FIFO or socket, not a regular file",
                        platforms + "/62-large.json: has 1073741824 bytes; at most 262144 are read",
                        platforms + "/63-many.json: Token count (10001) exceeds the maximum allowed (10000)");
        Ended validated = ended(start(
                ARCHIVE,
                Map.of(),
                List.of(),
                "platform",
                "validate",
                platforms + "/60-fifo.json",
                platforms + "/61-zero.json",
                platforms + "/62-large.json",
                platforms + "/63-many.json"));
        assertThat(validated.status()).isEqualTo(2);
        assertThat(validated.err()).isEqualTo(served.err());
    }

    @Test
    void anEndlessLogToExplain() throws Exception {
        Ended ended = ended(start(
                ARCHIVE,
                Map.of(),
                List.of("bash", "-c", "exec \"$@\" </dev/zero", "zero"),
                "platform",
                "explain",
                "-"));
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.err()).containsExactly("standard input has more than 4194304 bytes");
    }
}
