// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.vhost4j.tools.common.UnsupportedOption;

/**
 * The programs that one run has started, and a directory for their sockets. No program outlives the run: {@link #close()} stops them all, a
 * signal to this process calls it too, and the kernel kills them if this process is killed.
 */
public final class Children implements AutoCloseable {
    private final List<Child> started = new ArrayList<>();
    private final List<Runnable> afterwards = new ArrayList<>();
    private final Path directory;
    private final Thread onExit = Thread.ofPlatform().unstarted(this::stopAll);

    /**
     * Creates the directory for sockets.
     *
     * @throws IOException when the temporary directory cannot be created
     */
    public Children() throws IOException {
        directory = Files.createTempDirectory("vhost4j-bench");
        Runtime.getRuntime().addShutdownHook(onExit);
    }

    /**
     * Checks that a program is installed.
     *
     * @param program the name of the program, without a path
     * @param remedy how the user can install it, for the message
     * @throws UnsupportedOption when the program is not on the path
     */
    public static void require(String program, String remedy) {
        String path = System.getenv("PATH");
        boolean there = path != null
                && Stream.of(path.split(File.pathSeparator))
                        .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
        if (!there) {
            throw new UnsupportedOption(program + " is not installed: " + remedy);
        }
    }

    /**
     * Returns the path for a socket.
     *
     * @param name the file name, unique in this run
     * @return a path in a directory that is deleted at the end of the run
     */
    public Path socket(String name) {
        return directory.resolve(name + ".sock");
    }

    /** Returns the directory for other files, which is deleted at the end of the run. */
    Path directory() {
        return directory;
    }

    /**
     * Starts a program on one core. It is killed when this process ends for any reason.
     *
     * @param name name for messages
     * @param core the only core on which it may run
     * @param command program and arguments
     * @return the running program
     * @throws IOException when it cannot be started
     */
    Child start(String name, int core, List<String> command) throws IOException {
        return start(name, List.of(core), command);
    }

    /**
     * Starts a program on some cores. It is killed when this process ends for any reason.
     *
     * @param name name for messages
     * @param cores cores on which it may run
     * @param command program and arguments
     * @return the running program
     * @throws IOException when it cannot be started
     */
    synchronized Child start(String name, List<Integer> cores, List<String> command) throws IOException {
        List<String> whole = new ArrayList<>(confined(cores));
        whole.addAll(command);
        Child child = new Child(
                name, new ProcessBuilder(whole).redirectErrorStream(true).start());
        started.add(child);
        return child;
    }

    /** Registers an action that runs at the end, when every program has been stopped. */
    synchronized void afterwards(Runnable action) {
        afterwards.add(action);
    }

    /** Returns the prefix of a command line that binds a program to one core, and kills it when this process ends. */
    static List<String> confined(int core) {
        return confined(List.of(core));
    }

    private static List<String> confined(List<Integer> cores) {
        String list = cores.stream().map(Object::toString).collect(Collectors.joining(","));
        return List.of("setpriv", "--pdeathsig", "KILL", "taskset", "--cpu-list", list);
    }

    private synchronized void stopAll() {
        started.forEach(Child::close);
        started.clear();
        afterwards.forEach(Runnable::run);
        afterwards.clear();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            System.err.println("vhost4j: " + directory + " could not be removed: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(onExit);
        } catch (IllegalStateException e) {
            // The process is ending: its shutdown hook stops the programs.
            return;
        }
        stopAll();
    }
}
