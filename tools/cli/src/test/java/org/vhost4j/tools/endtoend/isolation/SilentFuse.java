// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.IoVector;
import org.vhost4j.sys.LibC;

/**
 * A FUSE file system (linux/fuse.h, protocol 7.31) with one file, whose server stops responding on request. From then
 * on each call that needs the server blocks: fstat, mmap, close.
 */
final class SilentFuse implements AutoCloseable {
    private static final int LOOKUP = 1;
    private static final int FORGET = 2;
    private static final int GETATTR = 3;
    private static final int OPEN = 14;
    private static final int INIT = 26;
    private static final int OPENDIR = 27;
    private static final int INTERRUPT = 36;
    private static final int BATCH_FORGET = 42;

    private static final int ENOSYS = 38;
    private static final int IN_HEADER = 40;
    private static final int OUT_HEADER = 16;
    private static final long VALID_SECONDS = 0;
    private static final int DIRECTORY = 0x41ed;
    private static final int FILE = 0x81b6;
    private static final long ROOT = 1;
    private static final long FILE_NODE = 2;

    private final long bytes;
    private final Fd device = Fd.open("/dev/fuse", LibC.O_RDWR);
    private final Mount mount;
    private final Thread server;
    private final MemorySegment request = Arena.ofAuto().allocate(1 << 17, Long.BYTES);
    private final MemorySegment reply = Arena.ofAuto().allocate(256, Long.BYTES);
    private final MemorySegment poll = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);
    private final IoVector vector = new IoVector();
    private final CountDownLatch asked = new CountDownLatch(1);
    private volatile boolean silent;

    /** A file system that answers. */
    SilentFuse(long bytes) {
        this.bytes = bytes;
        mount = Mount.of("fuse", "fd=" + device.number() + ",rootmode=40000,user_id=0,group_id=0,allow_other");
        server = Thread.ofPlatform().daemon().name("silent-fuse").start(this::serve);
    }

    /** Opens the file, and lets the file system answer nothing from then on. */
    Fd openAndFallSilent() {
        Fd file = Fd.open(mount.file("memory").toString(), LibC.O_RDWR);
        silent = true;
        return file;
    }

    /** Waits until a process waits for the file system. */
    void awaitQuestion() throws InterruptedException {
        assertThat(asked.await(60, TimeUnit.SECONDS))
                .as("the file system is asked")
                .isTrue();
    }

    private void serve() {
        while (true) {
            poll.set(ValueLayout.JAVA_INT, 0, device.number());
            poll.set(ValueLayout.JAVA_SHORT, 4, (short) LibC.POLLIN);
            int unused = LibC.poll(poll.address(), 1, -1);
            if (silent && (poll.get(ValueLayout.JAVA_SHORT, 6) & LibC.POLLIN) != 0) {
                // A request that was read could not even be given up by a process that is killed.
                asked.countDown();
                return;
            }
            vector.set(0, request.address(), (int) request.byteSize());
            int length = vector.read(device.number(), 1);
            if (length == -Errno.EINTR || length == -Errno.ENOENT) {
                continue;
            }
            if (length < IN_HEADER) {
                return;
            }
            int code = request.get(ValueLayout.JAVA_INT, 4);
            if (code != FORGET && code != BATCH_FORGET && code != INTERRUPT) {
                answer(code, request.get(ValueLayout.JAVA_LONG, 16));
            }
        }
    }

    private void answer(int code, long node) {
        reply.fill((byte) 0);
        int error = 0;
        int length = 0;
        switch (code) {
            case INIT -> {
                reply.set(ValueLayout.JAVA_INT, OUT_HEADER, 7);
                reply.set(ValueLayout.JAVA_INT, OUT_HEADER + 4, 31);
                reply.set(ValueLayout.JAVA_INT, OUT_HEADER + 20, 4096);
                length = 64;
            }
            case LOOKUP -> {
                reply.set(ValueLayout.JAVA_LONG, OUT_HEADER, FILE_NODE);
                reply.set(ValueLayout.JAVA_LONG, OUT_HEADER + 16, VALID_SECONDS);
                attributes(OUT_HEADER + 40, FILE_NODE);
                length = 128;
            }
            case GETATTR -> {
                attributes(OUT_HEADER + 16, node);
                length = 104;
            }
            case OPEN, OPENDIR -> length = 16;
            default -> error = -ENOSYS;
        }
        reply.set(ValueLayout.JAVA_INT, 0, OUT_HEADER + length);
        reply.set(ValueLayout.JAVA_INT, 4, error);
        reply.set(ValueLayout.JAVA_LONG, 8, request.get(ValueLayout.JAVA_LONG, 8));
        vector.set(0, reply.address(), OUT_HEADER + length);
        int unused = vector.write(device.number(), 1);
    }

    private void attributes(long at, long node) {
        reply.set(ValueLayout.JAVA_LONG, at, node);
        reply.set(ValueLayout.JAVA_LONG, at + 8, node == ROOT ? 0 : bytes);
        reply.set(ValueLayout.JAVA_INT, at + 60, node == ROOT ? DIRECTORY : FILE);
        reply.set(ValueLayout.JAVA_INT, at + 64, 1);
        reply.set(ValueLayout.JAVA_INT, at + 80, 4096);
    }

    /** Ends the server: blocked calls return with an error. Later calls do nothing. */
    @Override
    public void close() {
        if (!device.isOpen()) {
            return;
        }
        mount.close();
        try {
            server.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        device.close();
    }
}
