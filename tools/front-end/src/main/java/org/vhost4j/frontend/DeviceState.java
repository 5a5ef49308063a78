// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The state of a back-end that moves with the guest (vhost-user protocol, "Migrating back-end state"): bytes that nobody else
 * understands, through a pipe. Its rings must be stopped.
 */
public final class DeviceState {
    private static final int SAVE = 0;
    private static final int LOAD = 1;
    private static final int STOPPED = 0;
    private static final int PAYLOAD_BYTES = 8;
    /** The answer's low bits: an error, or 0. */
    private static final long ERROR = 0xff;
    /** In the answer: the back-end uses the descriptor that it was sent. */
    private static final long NO_DESCRIPTOR = 0x100;

    private static final int CHUNK = 65536;

    private DeviceState() {}

    /** The two ends of a pipe. */
    private record Pipe(Fd read, Fd write) {
        static Pipe create() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment two = arena.allocate(2 * Integer.BYTES, Integer.BYTES);
                SystemError.check(LibC.pipe(two.address(), LibC.O_CLOEXEC), "cannot create a pipe");
                return new Pipe(
                        Fd.of(two.get(ValueLayout.JAVA_INT, 0), "pipe"),
                        Fd.of(two.get(ValueLayout.JAVA_INT, Integer.BYTES), "pipe"));
            }
        }
    }

    /**
     * Has the back-end save its state.
     *
     * @param frontEnd a connection on which DEVICE_STATE was acknowledged
     * @return the state
     * @throws FrontEndException when the back-end refuses, is too slow, or says that saving failed
     */
    public static byte[] save(FrontEnd frontEnd) {
        Pipe pipe = Pipe.create();
        Fd source;
        try (Fd theirs = pipe.write()) {
            source = begin(frontEnd, SAVE, theirs, pipe.read());
        }
        try (source) {
            byte[] state = read(source, Deadline.in(frontEnd.patience()));
            check(frontEnd);
            return state;
        }
    }

    /**
     * Has the back-end load a state.
     *
     * @param frontEnd a connection on which DEVICE_STATE was acknowledged
     * @param state what {@link #save} returned
     * @throws FrontEndException when the back-end refuses or says that loading failed
     */
    public static void load(FrontEnd frontEnd, byte[] state) {
        Pipe pipe = Pipe.create();
        Fd target;
        try (Fd theirs = pipe.read()) {
            target = begin(frontEnd, LOAD, theirs, pipe.write());
        }
        try (target;
                OutputStream out = Files.newOutputStream(path(target))) {
            out.write(state);
        } catch (IOException e) {
            // The back-end takes no more of it, and says why when it is asked.
            check(frontEnd);
            throw new FrontEndException("the device's state was not taken as a whole: " + e.getMessage());
        }
        check(frontEnd);
    }

    /** SET_DEVICE_STATE_FD; the descriptor to use is ours unless the back-end sends another. */
    private static Fd begin(FrontEnd frontEnd, int direction, Fd theirs, Fd ours) {
        byte[] payload = RawMessage.buffer(PAYLOAD_BYTES)
                .putInt(direction)
                .putInt(STOPPED)
                .array();
        try (RawMessage reply = frontEnd.request(Request.SET_DEVICE_STATE_FD, payload, theirs)) {
            long answer = FrontEndConnection.expect(reply, Request.SET_DEVICE_STATE_FD, Long.BYTES)
                    .getLong();
            if ((answer & ERROR) != 0) {
                throw new FrontEndException.Refused("SET_DEVICE_STATE_FD was refused with " + (answer & ERROR));
            }
            if ((answer & NO_DESCRIPTOR) != 0) {
                return ours;
            }
            if (reply.descriptors().size() != 1) {
                throw new FrontEndException("SET_DEVICE_STATE_FD was answered with "
                        + reply.descriptors().size() + " descriptors");
            }
            Fd another = reply.descriptors().getFirst().duplicate();
            ours.close();
            return another;
        } catch (RuntimeException e) {
            ours.close();
            throw e;
        }
    }

    private static byte[] read(Fd source, Deadline deadline) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (InputStream in = Files.newInputStream(path(source))) {
            byte[] chunk = new byte[CHUNK];
            while (true) {
                if (!deadline.await(source, LibC.POLLIN)) {
                    throw deadline.timedOut("end of the device's state");
                }
                int got = in.read(chunk);
                if (got < 0) {
                    return all.toByteArray();
                }
                all.write(chunk, 0, got);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path path(Fd fd) {
        return Path.of("/proc/self/fd", Integer.toString(fd.number()));
    }

    private static void check(FrontEnd frontEnd) {
        long answer = frontEnd.askU64(Request.CHECK_DEVICE_STATE);
        if (answer != 0) {
            throw new FrontEndException.Refused("CHECK_DEVICE_STATE was answered with " + answer);
        }
    }
}
