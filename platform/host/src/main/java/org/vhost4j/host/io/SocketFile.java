// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.SystemError;

/**
 * The file of a Unix socket that this process has bound. It is removed only if the path still leads to the same file: other users of the
 * directory may have replaced it.
 */
public final class SocketFile {
    /** The type of a socket file, in the topmost bits of its mode. */
    private static final int S_IFSOCK = 0xc;

    private final Path path;
    private final @Nullable Object identity;

    private SocketFile(Path path, @Nullable Object identity) {
        this.path = path;
        this.identity = identity;
    }

    /**
     * Returns the file that has just been bound.
     *
     * @param path path of the file, not followed when it is a symbolic link
     * @return the file; if there is none, an object whose {@link #remove} does nothing
     */
    public static SocketFile of(Path path) {
        return new SocketFile(path, identity(path));
    }

    /**
     * Returns the same file after it was renamed.
     *
     * @param other the new name
     * @return the file
     */
    public SocketFile movedTo(Path other) {
        return new SocketFile(other, identity);
    }

    private static @Nullable Object identity(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (IOException e) {
            return null;
        }
    }

    /**
     * Returns whether a file is a socket.
     *
     * @param path path of the file, not followed when it is a symbolic link
     * @return false also when there is no file
     */
    public static boolean isSocket(Path path) {
        try {
            return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) >> 12 == S_IFSOCK;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Removes the file, unless the path leads to another file by now.
     *
     * @throws SystemError when it cannot be removed
     */
    public void remove() {
        if (identity != null && identity.equals(identity(path))) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                throw SystemError.explained("cannot remove " + path + ": " + e.getMessage(), Errno.EPERM);
            }
        }
    }
}
