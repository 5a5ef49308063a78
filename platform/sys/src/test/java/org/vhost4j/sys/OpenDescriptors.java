// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * A snapshot of this process's descriptors, to check later that a test has closed all of its own. A count is not
 * enough: the JVM opens files briefly at any time, and one of its threads closes the pipes of an ended process with a
 * delay.
 */
public final class OpenDescriptors {
    private final Set<String> open;

    private OpenDescriptors(Set<String> open) {
        this.open = open;
    }

    /**
     * Takes a snapshot of all descriptors, regardless of their owner.
     *
     * @return the descriptors that are open now
     */
    public static OpenDescriptors now() {
        // The binding opens a file of its own with the first call, and keeps it.
        var _ = LibC.fcntl(0, LibC.F_GETFD, 0);
        return new OpenDescriptors(read());
    }

    /** Each with its number and what it is of, which tells files, sockets and pipes apart. */
    private static Set<String> read() {
        Set<String> all = new TreeSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path entry : entries) {
                String target = target(entry);
                // A class that is needed for the first time opens its jar, and looking opens the directory.
                if (!target.endsWith(".jar") && !target.matches("/proc/\\d+/fd") && !target.isEmpty()) {
                    all.add(entry.getFileName() + " " + target);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    private static String target(Path entry) {
        try {
            return Files.readSymbolicLink(entry).toString();
        } catch (IOException e) {
            // It was closed meanwhile.
            return "";
        }
    }

    /**
     * Waits until every open descriptor is one of this snapshot: leaked descriptors stay open, all others are closed
     * after some time.
     */
    public void awaitNoOthers() {
        Await.until(() -> "only " + open + " is open: " + read(), Await.PATIENCE, () -> open.containsAll(read()));
    }
}
