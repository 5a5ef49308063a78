// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;

/**
 * A small file of this program in a directory where other users may create files. It is read only if it is a regular file that belongs to
 * the user of this process and has no other hard link; a FIFO, a device, a symbolic link or a directory of that name is neither opened nor
 * followed. It is replaced atomically: a reader sees either the old or the new contents.
 */
public final class OwnFile {
    /**
     * The suffix of the file's name until the file is complete. After a crash, the next write or {@link #tidy} removes an incomplete file.
     */
    private static final String UNFINISHED = ".new";

    private final Path path;
    private final Path unfinished;
    private final int limit;

    /**
     * Creates an object for a path; opens nothing.
     *
     * @param path path of the file
     * @param limit maximum size of the file in bytes
     */
    public OwnFile(Path path, int limit) {
        this.path = path;
        this.unfinished = path.resolveSibling(path.getFileName() + UNFINISHED);
        this.limit = limit;
    }

    /**
     * Returns the file's path.
     *
     * @return the path as given
     */
    public Path path() {
        return path;
    }

    /**
     * Reads the file.
     *
     * @return its text
     * @throws UnreadableFile when it is missing, not a regular file, owned by another user, too long, not UTF-8, or cannot be read
     */
    public String read() throws UnreadableFile {
        try (Fd fd = open(LibC.O_RDONLY)) {
            requireOurs(fd);
            return BoundedFile.readText(path, fd, limit);
        }
    }

    /**
     * Maps the file, whose size must be exactly the limit, and which must be on a tmpfs, so that no access blocks on a
     * disk or a server. Its contents outlive this process.
     *
     * @return the whole file
     * @throws UnreadableFile when it is missing, not a regular file, owned by another user, of another size, or not on a tmpfs
     *
     * @throws SystemError when it cannot be mapped
     */
    public MappedFile map() throws UnreadableFile {
        try (Fd fd = open(LibC.O_RDWR)) {
            requireOurs(fd);
            long size = FileStatus.of(fd).size();
            if (size != limit) {
                throw refused("has " + size + " bytes, not " + limit);
            }
            if (!MappedFile.isMemory(fd)) {
                throw refused("is not on a tmpfs: access to it could wait for a disk or a server");
            }
            return MappedFile.map(fd, 0, limit, path.toString());
        }
    }

    private Fd open(int access) throws UnreadableFile {
        requireRegular();
        int opened = LibC.open(path.toString(), access | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
        if (opened < 0) {
            throw refused("cannot be opened: " + new SystemError("open", -opened).getMessage());
        }
        return Fd.of(opened, "");
    }

    /** Requires a regular file before it is opened, because opening alone has effects on some devices and releases a FIFO's writer. */
    private void requireRegular() throws UnreadableFile {
        BasicFileAttributes named;
        try {
            named = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            throw new UnreadableFile(path.toString(), "is not there", true);
        } catch (IOException e) {
            throw refused("cannot be examined: " + e);
        }
        if (named.isSymbolicLink()) {
            throw refused("is a symbolic link, not a regular file");
        }
        if (!named.isRegularFile()) {
            throw refused(
                    named.isDirectory()
                            ? "is a directory, not a regular file"
                            : "is a device, FIFO or socket, not a regular file");
        }
    }

    private void requireOurs(Fd fd) throws UnreadableFile {
        Map<String, Object> opened;
        try {
            opened = Files.readAttributes(
                    Path.of("/proc/self/fd", Integer.toString(fd.number())), "unix:uid,nlink,isRegularFile");
        } catch (IOException e) {
            throw refused("cannot be examined: " + e);
        }
        if (!Boolean.TRUE.equals(opened.get("isRegularFile"))) {
            throw refused("is no regular file any more");
        }
        int ours = SocketPeer.ownUser();
        if (!Integer.valueOf(ours).equals(opened.get("uid"))) {
            throw refused("belongs to user " + opened.get("uid") + ", and this process is user " + ours);
        }
        if (!Integer.valueOf(1).equals(opened.get("nlink"))) {
            throw refused("has " + opened.get("nlink") + " names (hard links) where there should be one");
        }
    }

    private UnreadableFile refused(String reason) {
        return new UnreadableFile(path.toString(), reason, false);
    }

    /**
     * Replaces the file, or any other file of its name that is not a directory.
     *
     * @param text new content of the file, at most the limit in bytes
     * @throws SystemError when the file cannot be written; it is unchanged then
     */
    public void replace(String text) {
        replace(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Replaces the file, or any other file of its name that is not a directory. All bytes are written, so that no later
     * access needs a new page.
     *
     * @param bytes new content of the file, at most the limit in bytes
     * @throws SystemError when the file cannot be written; it is unchanged then
     */
    public void replace(byte[] bytes) {
        tidy();
        int created =
                LibC.create(unfinished.toString(), LibC.O_WRONLY | LibC.O_EXCL | LibC.O_NOFOLLOW | LibC.O_CLOEXEC);
        try (Fd fd = Fd.of(created, "cannot create " + unfinished)) {
            write(fd, bytes);
            SystemError.check(
                    LibC.rename(unfinished.toString(), path.toString()), "cannot rename " + unfinished + " to " + path);
        } catch (SystemError e) {
            tidy();
            throw e;
        }
    }

    private void write(Fd fd, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment content = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            int done = 0;
            while (done < bytes.length) {
                int written = LibC.write(fd.number(), content.address() + done, bytes.length - done);
                if (written != -Errno.EINTR) {
                    done += SystemError.check(written, "cannot write " + unfinished);
                }
            }
        }
    }

    /**
     * Removes the file, or anything else with its name except a directory. It is not an error if nothing exists.
     *
     * @throws SystemError when it cannot be removed
     */
    public void remove() {
        int removed = LibC.unlink(path.toString());
        if (removed != -Errno.ENOENT) {
            SystemError.check(removed, "cannot remove " + path);
        }
    }

    /** Removes an incomplete file that a crash may have left. If it cannot be removed, the next write reports that. */
    public void tidy() {
        var _ = LibC.unlink(unfinished.toString());
    }
}
