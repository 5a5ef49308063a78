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
 * A build of vhost4j that is compared with another, which may be older than this program: of its options only those count that every
 * build knows.
 *
 * @param name what to call it
 * @param command what runs it, without arguments
 */
record Build(String name, List<String> command) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** A launcher builds what is not built. */
    private static final Duration BUILD_PATIENCE = Duration.ofMinutes(10);

    private static final Duration PAUSE = Duration.ofMillis(20);

    /**
     * For both builds alike. Left to itself the just-in-time compiler makes of one and the same build code that differs by a
     * third from start to start: it depends on when methods are compiled, and on how rarely they were called until then. Here the
     * lane waits for the compiler, and no call is too rare to be inlined. A cache that one build has and the other has not is no
     * difference between them.
     */
    private static final List<String> JVM = List.of(
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:-BackgroundCompilation",
            "-XX:MinInlineFrequencyRatio=0",
            "-XX:AOTMode=off");

    /** Where launchers take further options of the JVM from. */
    private static final String JVM_OPTIONS = "VHOST4J_JVM_OPTIONS";

    Build {
        command = List.copyOf(command);
    }

    /**
     * Finds what runs a build.
     *
     * @param name what to call it
     * @param where a checkout, its launcher or any script that becomes the back-end, or an archive
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

    /** With the options of this JVM, but those that fit only the archive that it runs. */
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
     * Makes sure that it runs; a launcher builds its archive first where there is none.
     *
     * @throws UnsupportedOption when it does not
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
     * @param through whether it is to pass frames from guest to guest, else it copies and drops them
     * @param sockets where it is to listen
     * @return the process; its sockets are there
     * @throws IOException when they do not come
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
            // Only the process that was started would be frozen between turns.
            throw new IOException("%s: its launcher runs the back-end as another process; let it exec".formatted(name));
        }
    }
}
