// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.vhost4j.tools.common.MainClass;

/**
 * An installation with compiled {@code vhost4j-qemu} and {@code vhost4j-monitor}, and with its own tree, whose {@code
 * tools/vhost4j} runs the classes of this test.
 */
final class Installation {
    private final Path directory;
    private final Path program;

    /** The result of a program. */
    record Ended(int status, String out, String err) {}

    /**
     * Makes it.
     *
     * @param directory empty
     */
    Installation(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        program = directory.resolve("vhost4j-qemu");
        Path sources = Path.of("src", "main", "c").toAbsolutePath();
        compile(program, sources.resolve("vhost4j-qemu.c"), sources.resolve("monitors.c"));
        try (Stream<Path> all = Files.list(sources.resolve("monitor"))) {
            compile(
                    directory.resolve("vhost4j-monitor"),
                    all.filter(source -> source.toString().endsWith(".c")).toArray(Path[]::new));
        }
        script(
                "exec '%s' --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djna.nosys=true -cp '%s' %s \"$@\""
                        .formatted(
                                Path.of(System.getProperty("java.home"), "bin", "java"),
                                System.getProperty("java.class.path"),
                                MainClass.NAME));
    }

    /** Compiles a program with a C compiler. */
    static void compile(Path program, Path... sources) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of("cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror=implicit", "-o"));
        command.add(program.toString());
        for (Path source : sources) {
            command.add(source.toString());
        }
        Process compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (compiler.waitFor() != 0) {
            throw new IOException(command + ": " + said);
        }
    }

    /** Compiles {@code state.c}, a stand-in for QEMU and for its caller. */
    Path state() throws IOException, InterruptedException {
        Path state = directory.resolve("state");
        Path source = directory.resolve("state.c");
        try (var in = Installation.class.getResourceAsStream("state.c")) {
            Files.write(source, in.readAllBytes());
        }
        compile(state, source);
        return state;
    }

    /** Where the tree is. */
    Path home() {
        return directory.resolve("home");
    }

    /** The program that becomes QEMU. */
    Path program() {
        return program;
    }

    /** Writes {@code tools/vhost4j} of the tree. */
    void script(String commands) throws IOException {
        Path script = home().resolve("tools/vhost4j");
        Files.createDirectories(script.getParent());
        Files.writeString(script, "#!/bin/sh\n" + commands + "\n");
        if (!script.toFile().setExecutable(true)) {
            throw new IOException(script + " cannot be made executable");
        }
    }

    /** A command, not started yet, with what the tree needs in its environment and nothing else. */
    ProcessBuilder builder(Path qemu, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.put("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        environment.put("HOME", directory.toString());
        environment.put("VHOST4J_HOME", home().toString());
        environment.put("VHOST4J_QEMU", qemu.toString());
        return builder;
    }

    /** Runs a command to its end. */
    Ended run(ProcessBuilder builder) throws IOException, InterruptedException {
        Path err = directory.resolve("err");
        Process process = builder.redirectError(err.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        return new Ended(process.waitFor(), out, Files.readString(err));
    }

    /** Runs the program with a QEMU and its arguments. */
    Ended start(Path qemu, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        return run(builder(qemu, command));
    }
}
