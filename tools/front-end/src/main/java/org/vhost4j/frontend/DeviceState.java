// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
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
 * The state of a back-end that migrates with the guest (vhost-user protocol, "Migrating back-end state"): opaque bytes that are transferred
 * through a pipe. All rings must be stopped.
 */
public final class DeviceState {
    private static final int SAVE = 0;
    private static final int LOAD = 1;
    private static final int STOPPED = 0;
    private static final int PAYLOAD_BYTES = 8;
    /** Mask of the answer's low bits: an error, or 0. */
    private static final long ERROR = 0xff;
    /** Flag in the answer: the back-end uses the descriptor that it received. */
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
     * Requests the back-end to save its state.
     *
     * @param frontEnd a connection on which DEVICE_STATE was acknowledged
     * @return the state, an opaque sequence of bytes
     * @throws FrontEndException when the back-end refuses, is too slow, or reports that saving failed
     */
    public static byte[] save(FrontEnd frontEnd) {
        try (Transfer transfer = beginSave(frontEnd)) {
            byte[] state = transfer.readAll();
            transfer.requireSuccess();
            return state;
        }
    }

    /**
     * Requests the back-end to load a state.
     *
     * @param frontEnd a connection on which DEVICE_STATE was acknowledged
     * @param state a state that {@link #save} returned
     * @throws FrontEndException when the back-end refuses or reports that loading failed
     */
    public static void load(FrontEnd frontEnd, byte[] state) {
        try (Transfer transfer = beginLoad(frontEnd)) {
            try {
                transfer.write(state);
            } catch (SystemError e) {
                // The back-end stopped reading; its answer to CHECK_DEVICE_STATE reports the error.
                transfer.requireSuccess();
                throw new FrontEndException("the back-end did not read the whole device state: " + e.getMessage());
            }
            transfer.end().close();
            transfer.requireSuccess();
        }
    }

    /**
     * Sends SET_DEVICE_STATE_FD, so that the back-end begins to save.
     *
     * @param frontEnd a connection on which DEVICE_STATE was acknowledged
     * @return the transfer, to be read from
     * @throws FrontEndException when the back-end refuses
     */
    public static Transfer beginSave(FrontEnd frontEnd) {
        Pipe pipe = Pipe.create();
        try (Fd theirs = pipe.write()) {
            return new Transfer(frontEnd, begin(frontEnd, SAVE, theirs, pipe.read()));
        }
    }

    /**
     * Sends SET_DEVICE_STATE_FD, so that the back-end begins to load.
     *
     * @param frontEnd a connection on which DEVICE_STATE was acknowledged
     * @return the transfer, to be written to
     * @throws FrontEndException when the back-end refuses
     */
    public static Transfer beginLoad(FrontEnd frontEnd) {
        Pipe pipe = Pipe.create();
        try (Fd theirs = pipe.read()) {
            return new Transfer(frontEnd, begin(frontEnd, LOAD, theirs, pipe.write()));
        }
    }

    /** One transfer of a state, with a method for each step, so that a test can violate the protocol. */
    public static final class Transfer implements AutoCloseable {
        private final FrontEnd frontEnd;
        private final Fd end;

        private Transfer(FrontEnd frontEnd, Fd end) {
            this.frontEnd = frontEnd;
            this.end = end;
        }

        /**
         * Returns the front-end's end of the pipe.
         *
         * @return the descriptor, open until {@link #close}
         */
        public Fd end() {
            return end;
        }

        /**
         * Reads until the end of the file.
         *
         * @return the bytes that the back-end wrote
         * @throws FrontEndException when the back-end does not close its end in time
         */
        public byte[] readAll() {
            return read(end, Deadline.in(frontEnd.patience()));
        }

        /**
         * Writes bytes, and keeps the front-end's end of the pipe open.
         *
         * @param bytes a state, or part of one
         */
        public void write(byte[] bytes) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
                for (int done = 0; done < bytes.length; ) {
                    done += SystemError.check(
                            LibC.write(end.number(), from.address() + done, bytes.length - done),
                            "cannot write the device's state");
                }
            }
        }

        /**
         * Sends CHECK_DEVICE_STATE, regardless of the steps before it.
         *
         * @return the back-end's answer: 0 for success
         */
        public long check() {
            return frontEnd.askU64(Request.CHECK_DEVICE_STATE);
        }

        private void requireSuccess() {
            long answer = check();
            if (answer != 0) {
                throw new FrontEndException.Refused("CHECK_DEVICE_STATE was answered with " + answer);
            }
        }

        /** Closes the front-end's end of the pipe; later calls have no effect. */
        @Override
        public void close() {
            end.close();
        }
    }

    /**
     * Sends SET_DEVICE_STATE_FD. Returns the descriptor for the transfer: the front-end's end of the pipe, unless the back-end sends
     * another descriptor.
     */
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
}
