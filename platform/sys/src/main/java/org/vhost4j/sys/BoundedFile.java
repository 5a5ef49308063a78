// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Reads whole files with a limit. Only regular files are read: a FIFO would make the reader wait for a writer, and a device such as
 * {@code /dev/zero} has no end. The limit is also checked while reading, because a file can grow, and fstat(2) reports size 0 for files of
 * procfs.
 */
public final class BoundedFile {
    private static final int CHUNK = 64 << 10;

    private BoundedFile() {}

    /**
     * Reads a regular file of UTF-8 text.
     *
     * @param path the file
     * @param limit maximum size of the file in bytes
     * @return content of the file
     * @throws UnreadableFile when it is missing, of another kind, too long, not UTF-8, or cannot be read
     */
    public static String readText(Path path, int limit) throws UnreadableFile {
        // The path is checked before it is opened, because opening alone has effects on some devices and releases a
        // FIFO's writer; then the descriptor is checked.
        requireRegular(path, path);
        int opened = LibC.open(path.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
        if (opened < 0) {
            throw refused(
                    path,
                    "cannot be opened: " + new SystemError("open", -opened).getMessage(),
                    opened == -Errno.ENOENT);
        }
        try (Fd fd = Fd.of(opened, "")) {
            requireRegular(path, Path.of("/proc/self/fd", Integer.toString(fd.number())));
            return readText(path, fd, limit);
        }
    }

    /** Reads an open regular file. */
    static String readText(Path path, Fd fd, int limit) throws UnreadableFile {
        long size = FileStatus.of(fd).size();
        if (size > limit) {
            throw refused(path, "has " + size + " bytes; at most " + limit + " are read", false);
        }
        return text(path.toString(), content(path, fd, (int) size, limit));
    }

    /**
     * Reads a stream of UTF-8 text, such as standard input, to its end. Blocks until the writer closes it.
     *
     * @param in the stream
     * @param name name for messages
     * @param limit maximum number of bytes
     * @return content of the stream
     * @throws IOException when it is too long, not UTF-8, or cannot be read
     */
    public static String readText(InputStream in, String name, int limit) throws IOException {
        byte[] content = in.readNBytes(limit + 1);
        if (content.length > limit) {
            throw new UnreadableFile(name, "has more than " + limit + " bytes", false);
        }
        return text(name, content);
    }

    private static void requireRegular(Path path, Path asked) throws UnreadableFile {
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(asked, BasicFileAttributes.class);
        } catch (NoSuchFileException e) {
            throw refused(path, "is not there", true);
        } catch (IOException e) {
            throw refused(path, "cannot be examined: " + reason(path, e), false);
        }
        if (!attributes.isRegularFile()) {
            throw refused(
                    path,
                    attributes.isDirectory()
                            ? "is a directory, not a regular file"
                            : "is a device, FIFO or socket, not a regular file",
                    false);
        }
    }

    /** Returns the exception's message without the file's name, which the caller's message has already. */
    private static String reason(Path path, IOException e) {
        String message = String.valueOf(e.getMessage());
        String name = path + ": ";
        return message.equals(path.toString())
                ? e.getClass().getSimpleName()
                : message.startsWith(name) ? message.substring(name.length()) : message;
    }

    private static byte[] content(Path path, Fd fd, int size, int limit) throws UnreadableFile {
        ByteArrayOutputStream content = new ByteArrayOutputStream(size);
        byte[] copy = new byte[CHUNK];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment chunk = arena.allocate(CHUNK);
            while (true) {
                int bytes = LibC.read(fd.number(), chunk.address(), CHUNK);
                if (bytes == 0) {
                    return content.toByteArray();
                }
                if (bytes < 0 && bytes != -Errno.EINTR) {
                    throw refused(path, new SystemError("cannot be read", -bytes).getMessage(), false);
                }
                if (bytes > 0) {
                    if (content.size() + bytes > limit) {
                        throw refused(path, "has more than " + limit + " bytes", false);
                    }
                    MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, 0, copy, 0, bytes);
                    content.write(copy, 0, bytes);
                }
            }
        }
    }

    private static String text(String name, byte[] content) throws UnreadableFile {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new UnreadableFile(name, "is not UTF-8", false);
        }
    }

    private static UnreadableFile refused(Path path, String reason, boolean missing) {
        return new UnreadableFile(path.toString(), reason, missing);
    }
}
