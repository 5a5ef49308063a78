// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.BoundedFile;

/**
 * Files that store earlier results. They are searched in {@code /var/cache/vhost4j}, for users without a permanent
 * directory, such as the guests of libvirt's system daemon; then in {@code $XDG_CACHE_HOME/vhost4j} and {@code
 * $HOME/.cache/vhost4j}, as libvirt gives each guest of a user another {@code XDG_CACHE_HOME}. Only files of this user
 * or root are used. All of them may be deleted at any time.
 */
final class Notes {
    /** The directory for all users, if the administrator has created it. */
    static final Path OF_ALL = Path.of("/var/cache/vhost4j");

    private static final int MOST_BYTES = 4 << 20;
    private static final int ROOT = 0;

    private final List<Path> directories;

    /**
     * Creates the notes of a user.
     *
     * @param environment environment of the user
     */
    Notes(Map<String, String> environment) {
        Set<Path> found = new LinkedHashSet<>();
        if (Files.isDirectory(OF_ALL)) {
            found.add(OF_ALL);
        }
        directory(environment.get("XDG_CACHE_HOME"), "").ifPresent(found::add);
        directory(environment.get("HOME"), ".cache").ifPresent(found::add);
        directories = List.copyOf(found);
    }

    private static Optional<Path> directory(@Nullable String name, String below) {
        return name == null || !name.startsWith("/")
                ? Optional.empty()
                : Optional.of(Path.of(name, below, "vhost4j").normalize());
    }

    /**
     * Returns the text of a note.
     *
     * @param name name of the note
     * @return the text; empty when there is none
     */
    Optional<String> read(String name) {
        for (Path directory : directories) {
            Path file = directory.resolve(name);
            try {
                if (Files.isRegularFile(file) && isTrusted(file)) {
                    return Optional.of(BoundedFile.readText(file, MOST_BYTES));
                }
            } catch (IOException e) {
                // Treated as if there were no note.
            }
        }
        return Optional.empty();
    }

    private static boolean isTrusted(Path file) throws IOException {
        int owner = (Integer) Files.getAttribute(file, "unix:uid");
        return owner == ROOT || owner == (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    /**
     * Stores a note, if there is a place for it.
     *
     * @param name name of the note
     * @param text text of the note
     */
    void write(String name, String text) {
        for (Path directory : directories) {
            try {
                Files.createDirectories(directory);
                Path fresh = Files.createTempFile(directory, name, ".new");
                try {
                    Files.writeString(fresh, text);
                    Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
                    Files.move(fresh, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
                } finally {
                    Files.deleteIfExists(fresh);
                }
            } catch (IOException e) {
                // The result will be queried again.
            }
        }
    }
}
