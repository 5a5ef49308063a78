// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the command as a new user runs it: the built archive, in its own process. */
class RunCommandIT {
    private static final Path ARCHIVE = Path.of("target", "vhost4j.jar").toAbsolutePath();

    @TempDir
    Path directory;

    private record Ended(int status, List<String> out, List<String> err) {}

    @Test
    void capabilities() throws Exception {
        Ended ended = run("run", "--print-capabilities", "--socket-path=/ignored", "--nothing=1", "word");
        assertThat(ended.status()).isZero();
        assertThat(ended.out()).containsExactly("{\"type\": \"net\"}");
        assertThat(ended.err()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run|give --socket-path=PATH or --fd=FDNUM, once for each guest",
                "run --socket-path=a.sock --fd=0|--socket-path and --fd cannot be given together",
                "run --socket-path=a.sock,attach=tap|--socket-path=a.sock,attach=tap: attach is netdev, device or auto",
                "run --socket-path=a.sock --queues=0|--queues=0: a guest has 1 to 127 queue pairs",
                "run --socket-path=a.sock --lanes=65|--lanes=65: a back-end has 1 to 64 lanes",
                "run --socket-path=a.sock --mtu=67|--mtu=67: an MTU is 68 to 65535 bytes",
                "run --socket-path=a.sock --port=hole|--port=hole: a port is tap:ifname=NAME",
                "run --socket-path=a.sock --port=null --port=echo|--port null, echo and source cannot be combined with other "
                        + "ports: they replace the bridge",
                "run --socket-path=a.sock --idle=never|--idle=never: adaptive, poll or event",
                "run --socket-path=/nowhere/a.sock|/nowhere/a.sock",
                "run --socket-path=a.sock --platform=linux-0.1|linux-0.1",
                "run --socket-path=a.sock --set=csum=off|csum",
                "run --socket-path=a.sock --set=gso=on|gso",
                "run --socket-path=a.sock --set=host_uso=maybe|host_uso",
                "run --nothing|--nothing",
                "run --fd=first|--fd=first: neither a descriptor's number nor the name of a socket that the service manager has opened",
                "run --fd=0 --socket-group=0|--socket-group=0: it requires --socket-path",
            })
    void whatCannotBeHonoured(String arguments, String words) throws Exception {
        Ended ended = run(arguments.split(" ", -1));
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.err()).hasSize(1);
        assertThat(ended.err().getFirst()).startsWith("vhost4j: ").contains(words);
    }

    @Test
    void aSecondBackEndOnTheSameSocket() throws Exception {
        Process first = start("run", "--socket-path=a.sock");
        try {
            awaitLine(first, "guest0: waiting for a front-end on a.sock");
            Ended second = run("run", "--socket-path=a.sock");
            assertThat(second.status()).isEqualTo(2);
            assertThat(second.err()).hasSize(1);
            assertThat(second.err().getFirst()).contains("a.sock");
        } finally {
            first.destroy();
            first.waitFor();
        }
    }

    @Test
    void endsWellWhenToldTo() throws Exception {
        Process process = start("run", "--verbose", "--socket-path=a.sock", "--platform=linux-6.1");
        List<String> lines = awaitLine(process, "guest0: waiting for a front-end on a.sock");
        assertThat(lines).anyMatch(line -> line.contains("platform linux-6.0"));
        assertThat(lines).noneMatch(line -> line.startsWith("vhost4j: offered") && line.contains("USO"));
        assertThat(lines)
                .anyMatch(line -> line.contains("-device vhost-user-test-device-pci,"))
                .anyMatch(line -> line.contains("-netdev vhost-user,"));
        assertThat(directory.resolve("a.sock")).exists();
        process.destroy();
        assertThat(process.waitFor()).isZero();
        assertThat(directory.resolve("a.sock")).doesNotExist();
    }

    @Test
    void helpInQemusSpelling() throws Exception {
        Ended platforms = run("run", "-platform", "help");
        assertThat(platforms.status()).isZero();
        assertThat(platforms.out().getFirst()).isEqualTo("Supported platforms are:");
        Ended machines = run("run", "-machine", "help");
        assertThat(machines.status()).isZero();
        assertThat(machines.out().getFirst()).isEqualTo("Supported machines are:");
        assertThat(machines.out()).anyMatch(line -> line.startsWith("pc-q35-8.1 "));
    }

    private Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Djna.nosys=true",
                "-jar",
                ARCHIVE.toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectError(directory.resolve("err").toFile())
                .start();
    }

    private Ended run(String... arguments) throws Exception {
        Process process = start(arguments);
        List<String> out;
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            out = reader.lines().toList();
        }
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        return new Ended(process.exitValue(), out, Files.readAllLines(directory.resolve("err")));
    }

    /** Reads until a line comes; the process continues. */
    private List<String> awaitLine(Process process, String wanted) throws IOException {
        List<String> lines = new ArrayList<>();
        BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
        String line = reader.readLine();
        while (line != null) {
            lines.add(line);
            if (line.equals(wanted)) {
                return lines;
            }
            line = reader.readLine();
        }
        throw new AssertionError(
                "'" + wanted + "' did not come: " + lines + Files.readString(directory.resolve("err")));
    }
}
