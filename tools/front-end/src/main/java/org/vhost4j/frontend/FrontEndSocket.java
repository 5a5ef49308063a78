// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.wire.MessageHeader;

/** A Unix stream socket that transfers bytes and descriptors unchanged. Only {@link #receive} interprets messages. */
public final class FrontEndSocket implements AutoCloseable {
    /** The largest number of descriptors that the kernel accepts in one message (SCM_MAX_FD). */
    public static final int MAX_DESCRIPTORS = 253;

    private static final int MSGHDR_BYTES = 56;
    private static final int CMSG_HEADER_BYTES = 16;
    private static final int SOCKADDR_BYTES = 110;
    private static final int MAX_PATH_BYTES = 107;
    private static final int MAX_PAYLOAD_BYTES = 1 << 20;

    private final Fd fd;
    private @Nullable SocketWatcher watcher;

    private FrontEndSocket(Fd fd) {
        this.fd = fd;
        fd.setNonBlocking();
    }

    /**
     * Creates an object for a connected socket.
     *
     * @param fd the socket, which {@link #close} closes
     * @return the socket
     */
    public static FrontEndSocket adopt(Fd fd) {
        return new FrontEndSocket(fd);
    }

    /**
     * Creates a pair of connected sockets.
     *
     * @return the two sockets
     */
    public static List<FrontEndSocket> pair() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8, 4);
            SystemError.check(LibC.unixStreamPair(LibC.SOCK_CLOEXEC, two.address()), "cannot create a socket pair");
            Fd first = Fd.of(two.get(ValueLayout.JAVA_INT, 0), "socket pair");
            Fd second = Fd.of(two.get(ValueLayout.JAVA_INT, 4), "socket pair");
            return List.of(new FrontEndSocket(first), new FrontEndSocket(second));
        }
    }

    /**
     * Connects to a back-end, waiting until it listens.
     *
     * @param path the path of the back-end's socket
     * @param patience the longest time to wait
     * @return the connection
     * @throws FrontEndException.TimedOut when no process listens there in time
     */
    public static FrontEndSocket connect(Path path, Duration patience) {
        Deadline deadline = Deadline.in(patience);
        while (true) {
            Fd fd = Fd.of(LibC.unixStreamSocket(LibC.SOCK_CLOEXEC), "cannot create a socket");
            int result = withAddress(path, (address, length) -> LibC.connect(fd.number(), address, length));
            if (result >= 0) {
                return new FrontEndSocket(fd);
            }
            fd.close();
            if (result != -Errno.ENOENT && result != -Errno.ECONNREFUSED && result != -Errno.EAGAIN) {
                throw new SystemError("cannot connect to " + path, -result);
            }
            if (deadline.passed()) {
                throw deadline.timedOut("back-end at " + path);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /**
     * Sets the watcher that is notified of everything that is sent and received after this call.
     *
     * @param by the watcher, or null for none
     */
    public void watch(@Nullable SocketWatcher by) {
        watcher = by;
    }

    @Nullable
    SocketWatcher watcher() {
        return watcher;
    }

    /** A listening socket to which a back-end connects. */
    public static final class Listener implements AutoCloseable {
        private final Fd fd;
        private final Path path;

        private Listener(Fd fd, Path path) {
            this.fd = fd;
            this.path = path;
        }

        /**
         * Waits for a back-end.
         *
         * @param patience the longest time to wait
         * @return the connection
         * @throws FrontEndException.TimedOut when no back-end connected in time
         */
        public FrontEndSocket accept(Duration patience) {
            Deadline deadline = Deadline.in(patience);
            if (!deadline.await(fd, LibC.POLLIN)) {
                throw deadline.timedOut("back-end connecting to " + path);
            }
            return new FrontEndSocket(
                    Fd.of(LibC.accept(fd.number(), LibC.SOCK_CLOEXEC), "cannot accept a connection at " + path));
        }

        @Override
        public void close() {
            fd.close();
        }
    }

    /**
     * Creates a listening socket for a back-end that connects.
     *
     * @param path the path of the socket, which must not exist yet; the caller removes it
     * @return the listening socket
     */
    public static Listener listen(Path path) {
        Fd fd = Fd.of(LibC.unixStreamSocket(LibC.SOCK_CLOEXEC), "cannot create a socket");
        try {
            SystemError.check(
                    withAddress(path, (address, length) -> LibC.bind(fd.number(), address, length)),
                    "cannot bind a socket to " + path);
            SystemError.check(LibC.listen(fd.number(), 8), "cannot listen at " + path);
        } catch (SystemError e) {
            fd.close();
            throw e;
        }
        return new Listener(fd, path);
    }

    private interface AddressCall {
        int call(long address, int length);
    }

    private static int withAddress(Path path, AddressCall call) {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > MAX_PATH_BYTES) {
            throw new IllegalArgumentException("socket path is longer than " + MAX_PATH_BYTES + " bytes: " + path);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(SOCKADDR_BYTES, 8);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) LibC.AF_UNIX);
            MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
            return call.call(address.address(), SOCKADDR_BYTES);
        }
    }

    /**
     * Sends bytes, with the descriptors attached to the first byte.
     *
     * @param bytes the bytes, at least one
     * @param descriptors the descriptors, at most {@link #MAX_DESCRIPTORS}, which remain owned by the caller
     * @param patience the longest time to wait for buffer space
     * @throws FrontEndException.Closed when the peer is gone
     */
    public void send(byte[] bytes, List<Fd> descriptors, Duration patience) {
        Deadline deadline = Deadline.in(patience);
        if (watcher != null) {
            watcher.sent(bytes, descriptors.size());
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(bytes.length, 8);
            MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, 0, bytes.length);
            MemorySegment control = arena.allocate(CMSG_HEADER_BYTES + 4L * descriptors.size() + 8, 8);
            control.set(ValueLayout.JAVA_LONG, 0, CMSG_HEADER_BYTES + 4L * descriptors.size());
            control.set(ValueLayout.JAVA_INT, 8, LibC.SOL_SOCKET);
            control.set(ValueLayout.JAVA_INT, 12, LibC.SCM_RIGHTS);
            for (int i = 0; i < descriptors.size(); i++) {
                control.set(
                        ValueLayout.JAVA_INT,
                        CMSG_HEADER_BYTES + 4L * i,
                        descriptors.get(i).number());
            }
            long sent = 0;
            while (sent < bytes.length) {
                boolean first = sent == 0 && !descriptors.isEmpty();
                MemorySegment message = message(arena, data.asSlice(sent), first ? control : MemorySegment.NULL);
                if (first) {
                    message.set(ValueLayout.JAVA_LONG, 40, alignedControl(descriptors.size()));
                }
                int result = LibC.sendmsg(fd.number(), message.address(), LibC.MSG_NOSIGNAL | LibC.MSG_DONTWAIT);
                if (result == -Errno.EPIPE || result == -Errno.ECONNRESET) {
                    throw new FrontEndException.Closed("the back-end closed the connection before it was sent "
                            + (bytes.length - sent) + " bytes");
                }
                if (result == -Errno.EAGAIN) {
                    if (!deadline.await(fd, LibC.POLLOUT)) {
                        throw deadline.timedOut("room to send");
                    }
                } else if (result != -Errno.EINTR) {
                    sent += SystemError.check(result, "cannot send to the back-end");
                }
            }
        }
    }

    /**
     * Receives one message: a header of 12 bytes and the payload whose length the header states.
     *
     * @param patience the longest time to wait for the whole message
     * @return the message; the caller closes it
     * @throws FrontEndException.Closed when the peer closed the connection first
     * @throws FrontEndException.TimedOut when the whole message did not arrive in time
     */
    public RawMessage receive(Duration patience) {
        Deadline deadline = Deadline.in(patience);
        List<Fd> descriptors = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(MessageHeader.BYTES, 8);
            receiveAll(arena, header, descriptors, deadline);
            long size = header.get(ValueLayout.JAVA_INT, 8) & 0xffff_ffffL;
            if (size > MAX_PAYLOAD_BYTES) {
                throw new FrontEndException("the back-end sent a message with a payload of " + size + " bytes");
            }
            MemorySegment payload = arena.allocate(size, 8);
            receiveAll(arena, payload, descriptors, deadline);
            RawMessage message = new RawMessage(
                    header.get(ValueLayout.JAVA_INT, 0),
                    header.get(ValueLayout.JAVA_INT, 4),
                    payload.toArray(ValueLayout.JAVA_BYTE),
                    List.copyOf(descriptors));
            if (watcher != null) {
                watcher.received(message);
            }
            return message;
        } catch (RuntimeException e) {
            descriptors.forEach(Fd::close);
            throw e;
        }
    }

    private void receiveAll(Arena arena, MemorySegment target, List<Fd> descriptors, Deadline deadline) {
        MemorySegment control = arena.allocate(alignedControl(MAX_DESCRIPTORS), 8);
        long received = 0;
        while (received < target.byteSize()) {
            if (!deadline.await(fd, LibC.POLLIN)) {
                throw deadline.timedOut("message from the back-end");
            }
            MemorySegment message = message(arena, target.asSlice(received), control);
            int result = LibC.recvmsg(fd.number(), message.address(), LibC.MSG_CMSG_CLOEXEC | LibC.MSG_DONTWAIT);
            if (result == 0 || result == -Errno.ECONNRESET) {
                if (watcher != null) {
                    watcher.closedByBackEnd();
                }
                throw new FrontEndException.Closed("the back-end closed the connection");
            }
            if (result != -Errno.EAGAIN && result != -Errno.EINTR) {
                received += SystemError.check(result, "cannot receive from the back-end");
                takeDescriptors(message, control, descriptors);
            }
        }
    }

    private static void takeDescriptors(MemorySegment message, MemorySegment control, List<Fd> descriptors) {
        if (message.get(ValueLayout.JAVA_LONG, 40) < CMSG_HEADER_BYTES
                || control.get(ValueLayout.JAVA_INT, 12) != LibC.SCM_RIGHTS) {
            return;
        }
        long count = (control.get(ValueLayout.JAVA_LONG, 0) - CMSG_HEADER_BYTES) / 4;
        for (long i = 0; i < count; i++) {
            descriptors.add(Fd.of(control.get(ValueLayout.JAVA_INT, CMSG_HEADER_BYTES + 4 * i), "received descriptor"));
        }
    }

    /** Creates a struct msghdr (64-bit Linux) for one piece of data and an optional control buffer. */
    private static MemorySegment message(Arena arena, MemorySegment data, MemorySegment control) {
        MemorySegment vector = arena.allocate(16, 8);
        vector.set(ValueLayout.JAVA_LONG, 0, data.address());
        vector.set(ValueLayout.JAVA_LONG, 8, data.byteSize());
        MemorySegment message = arena.allocate(MSGHDR_BYTES, 8);
        message.set(ValueLayout.JAVA_LONG, 16, vector.address());
        message.set(ValueLayout.JAVA_LONG, 24, 1);
        message.set(ValueLayout.JAVA_LONG, 32, control.address());
        message.set(ValueLayout.JAVA_LONG, 40, control.byteSize());
        return message;
    }

    private static long alignedControl(int descriptors) {
        return CMSG_HEADER_BYTES + (4L * descriptors + 7 & -8L);
    }

    /**
     * Waits until the peer has closed the connection; data received before is discarded.
     *
     * @param patience the longest time to wait
     * @return false when the connection is still open afterwards
     */
    public boolean awaitClosed(Duration patience) {
        Deadline deadline = Deadline.in(patience);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(4096, 8);
            while (deadline.await(fd, LibC.POLLIN)) {
                MemorySegment message = message(arena, data, MemorySegment.NULL);
                int result = LibC.recvmsg(fd.number(), message.address(), LibC.MSG_DONTWAIT);
                if (result == 0 || result == -Errno.ECONNRESET) {
                    if (watcher != null) {
                        watcher.closedByBackEnd();
                    }
                    return true;
                }
            }
            return false;
        }
    }

    /**
     * Returns the socket's descriptor, to be sent or passed to a child process.
     *
     * @return the descriptor, still owned by this object
     */
    public Fd fd() {
        return fd;
    }

    @Override
    public void close() {
        SocketWatcher last = watcher;
        watcher = null;
        if (last != null) {
            last.closed();
        }
        fd.close();
    }
}
