// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.tools.start.Installation.Ended;

/**
 * Tests which state of its caller {@code vhost4j-qemu} preserves, and its exit status. The QEMU is replaced by a
 * program that prints its state.
 */
final class QemuLauncherIT {
    private static final List<String> ARGUMENTS =
            List.of("-machine", "none", "-name", "-platform", "-daemonize", "-D", "/dev/null");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private static Path directory;

    @SuppressWarnings("NullAway.Init")
    private static Path state;

    @SuppressWarnings("NullAway.Init")
    private Installation installation;

    @BeforeAll
    static void compile() throws Exception {
        state = new Installation(Files.createDirectory(directory.resolve("state"))).state();
    }

    @BeforeEach
    void install() throws Exception {
        installation = new Installation(Files.createTempDirectory(directory, "installation"));
    }

    private ProcessBuilder fromOddCaller(List<String> program) {
        List<String> command = new ArrayList<>(List.of(state.toString(), "odd"));
        command.addAll(program);
        command.addAll(ARGUMENTS);
        return installation.builder(state, command);
    }

    /** The state that a program finds, without the two lines that differ from process to process, which have to be the same number. */
    private static List<String> found(Ended ended) {
        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.err()).isEmpty();
        List<String> lines = new ArrayList<>(ended.out().lines().toList());
        assertThat(lines.get(1)).startsWith("pid ").isEqualTo(lines.getFirst());
        lines.removeIf(line -> line.startsWith("pid ") || line.startsWith("NStgid"));
        return lines;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "yes"})
    void qemuFindsWhatItWouldFindWithoutUs(String ignoreChildren) throws Exception {
        ProcessBuilder direct = fromOddCaller(List.of(state.toString()));
        ProcessBuilder through = fromOddCaller(List.of(installation.program().toString()));
        if (!ignoreChildren.isEmpty()) {
            direct.environment().put("IGNORE_CHILDREN", ignoreChildren);
            through.environment().put("IGNORE_CHILDREN", ignoreChildren);
        }
        List<String> expected = found(installation.run(direct));
        assertThat(expected)
                .anyMatch(line -> line.startsWith("descriptor 97 socket:"))
                .anyMatch(line -> line.matches("Max open files +120 .*"))
                .contains("Umask:\t0127", "argument -platform");
        assertThat(found(installation.run(through))).isEqualTo(expected);
        // Again, with what QEMU has answered remembered.
        assertThat(found(installation.run(through))).isEqualTo(expected);
    }

    /** bash changes the environment that it passes on, which is corrected; and it unblocks SIGCHLD, which cannot be known later. */
    @Test
    void theScriptPassesTheSameOn() throws Exception {
        Path archive = Files.createDirectory(directory.resolve("archive")).resolve("vhost4j.jar");
        Files.createFile(archive);
        Files.copy(installation.program(), archive.resolveSibling("vhost4j-qemu"));
        String script = Path.of("..", "vhost4j").toRealPath().toString();
        ProcessBuilder direct = fromOddCaller(List.of(state.toString()));
        ProcessBuilder through = fromOddCaller(List.of(script, "qemu"));
        for (ProcessBuilder builder : List.of(direct, through)) {
            builder.environment().put("VHOST4J_ARCHIVE", archive.toString());
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            builder.environment().put("IGNORE_CHILDREN", "yes");
        }
        assertThat(found(installation.run(through))).isEqualTo(found(installation.run(direct)));
    }

    @Test
    void propertiesComeBeforeAllOfTheUsers() throws Exception {
        Ended ended = installation.start(
                state,
                "-nodefaults",
                "-global",
                "virtio-net-device.csum=off",
                "-machine",
                "q35,accel=tcg",
                "-platform",
                "linux-6.1",
                "x\u00e9");
        assertThat(ended.err()).isEmpty();
        List<String> arguments =
                ended.out().lines().filter(line -> line.startsWith("argument ")).toList();
        assertThat(arguments.getFirst()).isEqualTo("argument " + state);
        assertThat(arguments)
                .containsSubsequence(
                        "argument virtio-net-device.host_uso=off",
                        "argument -nodefaults",
                        "argument virtio-net-device.csum=off",
                        "argument -machine",
                        "argument q35,accel=tcg")
                .doesNotContain("argument -platform", "argument linux-6.1")
                .noneMatch(line -> line.contains("tunnel"));
    }

    @Test
    void aRefusalIsOneLineAndStatusTwo() throws Exception {
        Ended ended = installation.start(state, "-machine", "q35_linux-7.7");
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err().lines())
                .hasSize(1)
                .first()
                .asString()
                .startsWith("vhost4j: There is no platform 'linux-7.7'");
    }

    @Test
    void aPlatformWantsItsPropertiesOfQemu() throws Exception {
        Ended ended = installation.start(state, "-platform", "linux-6.18");
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.err())
                .isEqualTo("vhost4j: Platform linux-6.17 needs guest_tunnel of QEMU, which version 9.1.0 does not have;"
                        + " it came with QEMU 10.2.\n");
    }

    /** A start takes one JVM, and asks a QEMU only when its file is another. */
    @Test
    void aQemuIsAskedOnce() throws Exception {
        Path asked = directory.resolve("asked");
        Path started = directory.resolve("started");
        String script = Files.readString(installation.home().resolve("tools/vhost4j"));
        installation.script("echo jvm >>'" + started + "'\n"
                + script.lines().skip(1).findFirst().orElseThrow());
        Path qemu = directory.resolve("qemu");
        String text =
                "#!/bin/sh\ncase \"$*\" in *stdio) echo asked >>'" + asked + "';; esac\nexec '" + state + "' \"$@\"\n";
        Files.writeString(qemu, text);
        assertThat(qemu.toFile().setExecutable(true)).isTrue();
        for (int starts = 1; starts <= 2; starts++) {
            Ended ended = installation.start(qemu, "-platform", "linux-6.1");
            assertThat(ended.out()).contains("argument virtio-net-device.host_uso=off");
            assertThat(Files.readAllLines(started)).hasSize(starts);
            assertThat(Files.readAllLines(asked)).hasSize(1);
        }
        Files.writeString(qemu, text + "# another\n");
        installation.start(qemu, "-platform", "linux-6.1");
        assertThat(Files.readAllLines(asked)).hasSize(2);
        // Notes that were cut short are as good as none.
        Path notes = Path.of(installation.builder(qemu, List.of()).environment().get("HOME"), ".cache", "vhost4j");
        try (Stream<Path> files = Files.list(notes)) {
            for (Path note : files.toList()) {
                Files.writeString(note, "vhost4j's notes about a QEMU, 1\n");
            }
        }
        assertThat(installation.start(qemu, "-platform", "linux-6.1").status()).isZero();
        assertThat(Files.readAllLines(asked)).hasSize(3);
    }

    @Test
    void whoEndsTheLauncherEndsTheCheck() throws Exception {
        Path pid = directory.resolve("check.pid");
        Files.deleteIfExists(pid);
        new ProcessBuilder("mkfifo", pid.toString()).start().waitFor();
        installation.script("echo $$ >'" + pid + "'; exec sleep 1000");
        Process launcher = installation
                .builder(state, List.of(installation.program().toString(), "-S"))
                .start();
        ProcessHandle check =
                ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
        launcher.destroy();
        assertThat(launcher.waitFor()).isEqualTo(128 + 15);
        assertThat(check.onExit().get(60, TimeUnit.SECONDS).isAlive()).isFalse();
    }

    @Test
    void aCheckThatDiesStartsNothing() throws Exception {
        installation.script("kill -KILL $$");
        Ended killed = installation.start(state, "-S");
        assertThat(killed.status()).isEqualTo(1);
        assertThat(killed.out()).isEmpty();
        assertThat(killed.err())
                .isEqualTo(
                        "vhost4j: the check of the command line was ended by signal 9 (Killed); QEMU was not started\n");
        installation.script("echo nonsense");
        Ended silent = installation.start(state, "-S");
        assertThat(silent.status()).isEqualTo(1);
        assertThat(silent.err())
                .isEqualTo("vhost4j: the check of the command line: it gave no reply; QEMU was not started\n");
        installation.script("printf 'warning\\nvhost4j-qemu 1\\0argument\\0x\\0'");
        assertThat(installation.start(state, "-S").err())
                .isEqualTo("vhost4j: the check of the command line: its answer ends early; QEMU was not started\n");
    }

    /** As libvirt's emulator: a copy, with a file beside it, and a name that says which QEMU. */
    @Test
    void aCopyFindsItsTreeAndItsQemuByAFileBesideIt() throws Exception {
        Path copy = directory.resolve("emulator");
        Files.copy(installation.program(), copy);
        Files.writeString(
                directory.resolve("emulator.conf"),
                "# of this host\nqemu = " + state + "\nhome=" + installation.home() + "\n");
        ProcessBuilder builder = installation.builder(state, List.of(copy.toString(), "-machine", "none"));
        builder.environment().remove("VHOST4J_HOME");
        builder.environment().remove("VHOST4J_QEMU");
        assertThat(installation.run(builder).out())
                .contains("argument " + state + "\nargument -machine\nargument none\n");
        Files.delete(directory.resolve("emulator.conf"));
        Ended lost = installation.run(builder);
        assertThat(lost.status()).isEqualTo(1);
        assertThat(lost.err()).contains("name the directory of vhost4j in VHOST4J_HOME");
    }

    @Test
    void helpNeedsNoQemu() throws Exception {
        Ended ended = installation.start(Path.of("/nowhere/qemu"), "-platform", "help");
        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out()).startsWith("Supported platforms are:\n").contains("\nlinux-6.9 ");
        Ended without = installation.start(Path.of("/nowhere/qemu"), "-machine", "q35");
        assertThat(without.status()).isEqualTo(2);
        assertThat(without.err()).isEqualTo("vhost4j: There is no QEMU /nowhere/qemu that can be executed.\n");
    }
}
