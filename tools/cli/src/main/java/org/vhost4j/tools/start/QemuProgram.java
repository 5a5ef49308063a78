// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.vhost4j.tools.common.UnsupportedOption;

/** Finds the QEMU to start. */
final class QemuProgram {
    private static final String ANY = "qemu-system-";
    private static final String DEFAULT = "qemu-system-x86_64";
    private static final String STANDARD_PATH = "/usr/local/bin:/usr/bin:/bin";

    private QemuProgram() {}

    /**
     * Finds the QEMU: the one that was named; or the one in PATH whose name is the end of the name by which this
     * program was started, such as {@code vhost4j-qemu-system-aarch64}; or {@code qemu-system-x86_64} in PATH.
     *
     * @param question the command line
     * @param environment the caller's, for PATH
     * @return a path, one char for each byte
     * @throws UnsupportedOption when there is none
     */
    static String find(Question question, Map<String, String> environment) {
        if (question.qemu().isPresent()) {
            String named = question.qemu().get();
            if (named.indexOf('/') < 0) {
                return inPath(named, environment);
            }
            if (!Files.isExecutable(path(named)) || Files.isDirectory(path(named))) {
                throw new UnsupportedOption("There is no QEMU " + named + " that can be executed.");
            }
            return named;
        }
        int known = question.name().lastIndexOf(ANY);
        return inPath(known < 0 ? DEFAULT : question.name().substring(known), environment);
    }

    private static String inPath(String name, Map<String, String> environment) {
        String path = environment.getOrDefault("PATH", STANDARD_PATH);
        for (String directory : path.split(":", -1)) {
            Path candidate = Path.of(directory.isEmpty() ? "." : directory, name);
            if (Files.isExecutable(candidate) && !Files.isDirectory(candidate) && !isOurs(candidate)) {
                return text(candidate);
            }
        }
        throw new UnsupportedOption("There is no " + name
                + " in PATH: name a QEMU with --qemu, in VHOST4J_QEMU, or as 'qemu = ...' in the file .conf beside"
                + " vhost4j-qemu.");
    }

    /** Returns whether a candidate is this program itself under QEMU's name, which would start itself endlessly. */
    private static boolean isOurs(Path candidate) {
        ProcessHandle asking = ProcessHandle.current().parent().orElse(ProcessHandle.current());
        try {
            return Files.isSameFile(candidate, Path.of("/proc", Long.toString(asking.pid()), "exe"));
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Returns the path that a word of a command line names.
     *
     * @param word the word, one char for each byte
     * @return the path
     */
    static Path path(String word) {
        return Path.of(new String(word.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
    }

    private static String text(Path path) {
        return new String(path.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }
}
