// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.capture;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * The output of a capture: one file, a ring of files, or a FIFO with a reader. A file must not exist yet; it is created with mode 0600, and
 * symbolic links are not followed. In a ring of files the oldest is removed when there are too many.
 *
 * <p>Used by one thread. Writing waits for the reader of a FIFO while the capture continues.
 */
final class CaptureFiles implements AutoCloseable {
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Path path;
    private final long fileBytes;
    private final int files;
    private final boolean fifo;
    private final BooleanSupplier patient;
    private final Deque<Path> kept = new ArrayDeque<>();
    private Fd fd;
    private Path current;
    private int number;

    /**
     * Opens the first file, or the FIFO.
     *
     * @param path path of the file; with several files a number is inserted before its extension
     * @param fileBytes size in bytes at which the next file begins, 0 for never
     * @param files maximum number of files to keep, 0 for all
     * @param patient returns whether to continue to wait for a FIFO's reader
     * @throws IOException when it cannot be opened; the message is one clause
     */
    CaptureFiles(Path path, long fileBytes, int files, BooleanSupplier patient) throws IOException {
        this.path = path;
        this.fileBytes = fileBytes;
        this.files = files;
        this.patient = patient;
        this.fifo = isFifo(path);
        if (fifo && fileBytes != 0) {
            throw new IOException(path + " is a FIFO, which has no size");
        }
        this.number = 1;
        this.current = fifo ? path : name(1);
        this.fd = fifo ? openFifo(path) : create(current);
        kept.add(current);
    }

    /** Returns whether a path may be a FIFO. Java reports it only as "other"; sockets and devices are refused when they are opened. */
    private static boolean isFifo(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & 0170000) == 0010000) {
            return true;
        }
        throw new IOException(path + " exists already");
    }

    private static Fd openFifo(Path path) throws IOException {
        int opened = LibC.open(path.toString(), LibC.O_WRONLY | LibC.O_NONBLOCK | LibC.O_NOFOLLOW | LibC.O_CLOEXEC);
        if (opened == -Errno.ENXIO) {
            throw new IOException("FIFO " + path + " has no reader: start that first");
        }
        return open(path, opened);
    }

    private static Fd create(Path path) throws IOException {
        return open(path, LibC.createNew(path.toString()));
    }

    private static Fd open(Path path, int opened) throws IOException {
        if (opened < 0) {
            throw new IOException(path + " cannot be opened: " + reason(opened));
        }
        return Fd.of(opened, "");
    }

    private static String reason(int result) {
        return String.valueOf(new SystemError("", -result).getMessage()).replaceFirst("^: ", "");
    }

    private Path name(int index) {
        if (fileBytes == 0) {
            return path;
        }
        String name = String.valueOf(path.getFileName());
        int dot = name.lastIndexOf('.');
        String stem = dot <= 0 ? name : name.substring(0, dot);
        return path.resolveSibling(
                String.format(Locale.ROOT, "%s_%05d%s", stem, index, dot <= 0 ? "" : name.substring(dot)));
    }

    /**
     * Returns whether a new file must be started before more bytes are written.
     *
     * @param bytes size in bytes that the file would reach
     */
    boolean isFull(long bytes) {
        return fileBytes != 0 && bytes > fileBytes;
    }

    /** Completes this file and starts the next one. */
    void next() throws IOException {
        fd.close();
        number++;
        current = name(number);
        fd = create(current);
        kept.add(current);
        if (files != 0 && kept.size() > files) {
            Files.deleteIfExists(kept.removeFirst());
        }
    }

    /** Writes all bytes of a direct buffer from its position to its limit. */
    void write(ByteBuffer from) throws IOException {
        long address = MemorySegment.ofBuffer(from).address();
        int left = from.remaining();
        while (left > 0) {
            int done = LibC.write(fd.number(), address, left);
            if (done == -Errno.EAGAIN && patient.getAsBoolean()) {
                LockSupport.parkNanos(PAUSE_NANOS);
            } else if (done < 0 && done != -Errno.EINTR) {
                throw new IOException(
                        done == -Errno.EPIPE
                                ? "the reader of " + current + " is gone"
                                : done == -Errno.EAGAIN
                                        ? "the reader of " + current + " does not read"
                                        : current + " cannot be written: " + reason(done));
            } else if (done > 0) {
                address += done;
                left -= done;
            }
        }
    }

    /** Returns the file that is being written. */
    Path current() {
        return current;
    }

    @Override
    public void close() {
        fd.close();
    }
}
