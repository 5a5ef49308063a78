// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.vhost4j.guests.lab.Lab;

/** The program vhost4j-monitor, compiled from the current sources as in the build. */
final class Program {
    private static final List<String> COMPILER =
            List.of("cc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-static");

    private Program() {}

    /**
     * Compiles.
     *
     * @param directory gets the program
     * @return the program
     */
    static Path compile(Path directory) throws IOException, InterruptedException {
        Path program = directory.resolve("vhost4j-monitor");
        List<String> command = new ArrayList<>(COMPILER);
        command.addAll(List.of("-o", program.toString()));
        try (Stream<Path> sources = Files.list(Path.of("src/main/c/monitor").toAbsolutePath())) {
            sources.map(Path::toString)
                    .filter(name -> name.endsWith(".c"))
                    .sorted()
                    .forEach(command::add);
        }
        Process compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(compiler.waitFor()).as(said).isZero();
        return program;
    }

    /** The lab's program of a name. */
    static String lab(String name) throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        return lab.files().resolve(name).toString();
    }

    /** The processes that run a program, except those that have ended. */
    static List<ProcessHandle> running(Path program) {
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    try {
                        return Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/exe"))
                                .equals(program);
                    } catch (IOException e) {
                        return false;
                    }
                })
                .toList();
    }
}
