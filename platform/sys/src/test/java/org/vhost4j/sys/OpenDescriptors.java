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
 * The descriptors that this process has at one moment, to show later that a test has left none open. A count would not do: the JVM
 * opens files for a moment whenever it likes, and the pipes of a process that has ended are closed by a thread of the JVM some time
 * after that.
 */
public final class OpenDescriptors {
    private final Set<String> open;

    private OpenDescriptors(Set<String> open) {
        this.open = open;
    }

    /**
     * Looks at all descriptors, regardless of their owner.
     *
     * @return those that are open now
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

    /** Waits until every descriptor that is open was open at this moment, too: something that is leaked stays, all else goes. */
    public void awaitNoOthers() {
        Await.until(() -> "only " + open + " is open: " + read(), Await.PATIENCE, () -> open.containsAll(read()));
    }
}
