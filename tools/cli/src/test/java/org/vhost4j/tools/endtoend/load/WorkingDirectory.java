// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** The directory of a load test's sockets, which is removed when the process ends, also by a signal. */
final class WorkingDirectory {
    private WorkingDirectory() {}

    /**
     * Makes the directory.
     *
     * @param prefix the beginning of its name
     * @return a new directory below that of temporary files
     */
    static Path make(String prefix) throws IOException {
        Path directory = Files.createTempDirectory(prefix);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(directory)));
        return directory;
    }

    /** Removes a directory and what is in it, though a back-end that ends removes its sockets meanwhile. */
    static void remove(Path directory) {
        for (int i = 0; i < 10 && Files.exists(directory); i++) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            } catch (IOException | UncheckedIOException e) {
                // A file came or went: the next pass sees it.
            }
        }
    }
}
