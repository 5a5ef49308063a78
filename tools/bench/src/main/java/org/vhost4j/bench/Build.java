// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.vhost4j.tools.common.UnsupportedOption;

/**
 * A build of vhost4j that is compared with another. It may be older than this program, so only options that every build
 * supports are used.
 *
 * @param name name of the build in reports
 * @param command command that runs it, without arguments
 */
record Build(String name, List<String> command) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Maximum time for a launcher that has to build its archive first. */
    private static final Duration BUILD_PATIENCE = Duration.ofMinutes(10);

    private static final Duration PAUSE = Duration.ofMillis(20);

    /**
     * JVM options for both builds. By default the code that the just-in-time compiler generates for the same build differs in speed by a
     * third from start to start, because it depends on when methods are compiled and how often they were called before. With these options
     * the lane waits for the compiler, and rare calls are inlined, too. No class data sharing archive is used, because it could differ
     * between the builds.
     */
    private static final List<String> JVM = List.of(
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:-BackgroundCompilation",
            "-XX:MinInlineFrequencyRatio=0",
            "-XX:AOTMode=off");

    /** The environment variable from which launchers read further JVM options. */
    private static final String JVM_OPTIONS = "VHOST4J_JVM_OPTIONS";

    Build {
        command = List.copyOf(command);
    }

    /**
     * Determines the command that runs a build.
     *
     * @param name name of the build in reports
     * @param where a checkout, its launcher, a script that replaces itself by the back-end (exec), or a JAR archive
     * @throws UnsupportedOption when there is nothing to run
     */
    static Build find(String name, Path where) {
        Path path = where.toAbsolutePath().normalize();
        Path launcher = Files.isDirectory(path) ? path.resolve("tools").resolve("vhost4j") : path;
        if (path.toString().endsWith(".jar") && Files.isReadable(path)) {
            return new Build(name, archive(path));
        }
        if (!Files.isRegularFile(launcher) || !Files.isExecutable(launcher)) {
            throw new UnsupportedOption("%s=%s: neither a checkout with tools/vhost4j, nor a launcher, nor an archive"
                    .formatted(name, where));
        }
        String more = System.getenv().getOrDefault(JVM_OPTIONS, "");
        return new Build(
                name,
                List.of("env", (JVM_OPTIONS + "=" + String.join(" ", JVM) + " " + more).strip(), launcher.toString()));
    }

    /** Returns the command for an archive, with the options of this JVM except those for its own archive. */
    private static List<String> archive(Path jar) {
        Stream<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.startsWith("-XX:AOT")
                        && !option.startsWith("-Djna.boot.library.path=")
                        && !option.startsWith("-Djava.library.path="));
        return Stream.of(Stream.of(OwnProgram.java()), options, JVM.stream(), Stream.of("-jar", jar.toString()))
                .flatMap(part -> part)
                .toList();
    }

    /**
     * Checks that the build runs; a launcher builds its archive first if there is none.
     *
     * @throws UnsupportedOption when it does not run
     */
    void requireRuns(Bench bench) throws IOException {
        List<String> whole = new ArrayList<>(command);
        whole.add("--version");
        try (Child child = bench.children().start(name, bench.plan().backEndCore(), whole)) {
            if (child.exit(BUILD_PATIENCE) != 0) {
                throw new UnsupportedOption(
                        "%s=%s does not run: %s".formatted(name, command.getLast(), child.lastWords()));
            }
        }
    }

    /**
     * Starts a back-end that polls.
     *
     * @param through whether the back-end forwards frames from guest to guest; otherwise it copies and drops them
     * @param sockets sockets on which it listens
     * @return the process, whose sockets exist
     * @throws IOException when the sockets do not appear in time
     */
    Child start(Bench bench, boolean through, List<Path> sockets) throws IOException {
        List<String> whole = new ArrayList<>(command);
        whole.addAll(List.of("run", "--idle=poll"));
        sockets.forEach(socket -> whole.add("--socket-path=" + socket));
        if (!through) {
            whole.add("--port=null:copy=on");
        }
        Child child = bench.children().start(name, bench.plan().backEndCore(), whole);
        try {
            await(child, sockets);
            return child;
        } catch (IOException e) {
            child.close();
            throw e;
        }
    }

    private void await(Child child, List<Path> sockets) throws IOException {
        long begun = System.nanoTime();
        while (!sockets.stream().allMatch(Files::exists)) {
            if (!child.alive()) {
                throw new IOException("%s ended unexpectedly: %s".formatted(name, child.lastWords()));
            }
            if (System.nanoTime() - begun > PATIENCE.toNanos()) {
                throw new IOException("%s has no socket within %d seconds".formatted(name, PATIENCE.toSeconds()));
            }
            Bench.sleep(PAUSE);
        }
        if (child.hasChildren()) {
            // This is an error, because only the launcher would be stopped between turns, not the back-end.
            throw new IOException(
                    "%s: its launcher runs the back-end as a child process; it must replace itself by exec"
                            .formatted(name));
        }
    }
}
