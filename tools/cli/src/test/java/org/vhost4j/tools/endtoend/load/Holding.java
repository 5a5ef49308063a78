// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The resources of a back-end.
 *
 * @param descriptors number of open descriptors
 * @param mappings number of mappings of front-ends' memory
 * @param threads number of threads, without the JVM's threads that end by themselves
 * @param memoryKib resident anonymous memory in KiB
 */
record Holding(int descriptors, int mappings, int threads, long memoryKib) {
    static Holding of(long pid) throws IOException {
        Path proc = Path.of("/proc", Long.toString(pid));
        try (Stream<Path> open = Files.list(proc.resolve("fd"));
                Stream<Path> tasks = Files.list(proc.resolve("task"))) {
            return new Holding(
                    (int) open.filter(each -> !target(each).endsWith(".jar")).count(),
                    (int) Files.readAllLines(proc.resolve("maps")).stream()
                            .filter(line -> line.contains("memfd:"))
                            .count(),
                    (int) tasks.map(Holding::name)
                            .filter(name -> !name.isEmpty()
                                    && !name.equals("process reaper")
                                    && !name.startsWith("vhost4j-guest"))
                            .count(),
                    Files.readAllLines(proc.resolve("status")).stream()
                            .filter(line -> line.startsWith("RssAnon:"))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                            .sum());
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "closed meanwhile";
        }
    }

    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** The same except for memory. */
    boolean sameBut(Holding other) {
        return descriptors == other.descriptors && mappings == other.mappings && threads == other.threads;
    }
}
