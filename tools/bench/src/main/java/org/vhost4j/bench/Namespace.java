// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A network namespace that this run has created.
 *
 * @param name name of the namespace, unique on this host
 */
record Namespace(String name) implements AutoCloseable {
    /**
     * Creates a namespace, which is deleted at the end of the run at the latest.
     *
     * @param children programs of the run
     * @param purpose makes the name unique in this run
     * @throws IOException when it cannot be created, for example without root privileges
     */
    static Namespace create(Children children, String purpose) throws IOException {
        Namespace namespace = new Namespace("vhost4j-" + ProcessHandle.current().pid() + "-" + purpose);
        children.afterwards(namespace::close);
        run("ip", "netns", "add", namespace.name);
        namespace.ip("link", "set", "lo", "up");
        return namespace;
    }

    /** Runs ip(8) in the namespace. */
    void ip(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip", "-n", name));
        command.addAll(List.of(arguments));
        run(command.toArray(new String[0]));
    }

    /** Returns the prefix of a command line that runs a program in the namespace. */
    List<String> inside() {
        return List.of("ip", "netns", "exec", name);
    }

    /** Returns the command line that runs a program in the namespace. */
    List<String> inside(List<String> command) {
        List<String> whole = new ArrayList<>(inside());
        whole.addAll(command);
        return whole;
    }

    private static void run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + said.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while measuring", e);
        }
    }

    @Override
    public void close() {
        if (!Files.exists(Path.of("/run/netns", name))) {
            return;
        }
        try {
            run("ip", "netns", "del", name);
        } catch (IOException e) {
            System.err.println("vhost4j: " + e.getMessage());
        }
    }
}
