// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The buffers for sendmsg(2) and recvmsg(2) on a Unix stream that carries descriptors in addition to bytes. They have the layout of 64-bit
 * Linux: a {@code struct msghdr}, one {@code struct iovec}, and a control buffer. The control buffer has room for the sender's credentials
 * and for {@link #MAX_DESCRIPTORS} descriptors, or the requested number. Reusable; belongs to one thread.
 */
public final class SocketMessage {
    /** The maximum number of descriptors of a vhost-user message. */
    public static final int MAX_DESCRIPTORS = 8;

    private static final int IOV = 16;
    private static final int IOV_COUNT = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_BYTES = 40;
    private static final int FLAGS = 48;
    private static final int HEADER_BYTES = 56;
    private static final int IOV_BYTES = 16;

    private static final int CMSG_LENGTH = 0;
    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;

    /** The maximum number of descriptors that the kernel passes at once (SCM_MAX_FD). */
    public static final int MOST_DESCRIPTORS = 253;
    /** struct ucred: process, user, group; the next control message begins at a multiple of 8. */
    private static final int CREDENTIALS_ROOM = CMSG_DATA + 16;

    /** Result of {@link #sender} for bytes without credentials, which the socket has not requested. */
    public static final int NOT_REQUESTED = -1;

    private final @Nullable Closer closer;
    private final int most;
    private final int controlRoom;
    private final MemorySegment header;
    private final MemorySegment vector;
    private final MemorySegment control;
    private int sender = NOT_REQUESTED;

    /** Creates the buffers, which are freed with the object. */
    public SocketMessage() {
        this(null);
    }

    /**
     * Creates the buffers for messages with at most {@link #MAX_DESCRIPTORS} descriptors.
     *
     * @param closer closes the received descriptors; null to close them at once
     */
    public SocketMessage(@Nullable Closer closer) {
        this(closer, MAX_DESCRIPTORS);
    }

    /**
     * Creates the buffers for messages with a given maximum of descriptors.
     *
     * @param closer closes the received descriptors; null to close them at once
     * @param most maximum number of descriptors of one message, 1 to {@link #MOST_DESCRIPTORS}
     */
    public SocketMessage(@Nullable Closer closer, int most) {
        this.closer = closer;
        this.most = most;
        controlRoom = CREDENTIALS_ROOM + CMSG_DATA + most * Integer.BYTES;
        MemorySegment all = Arena.ofAuto().allocate(HEADER_BYTES + IOV_BYTES + controlRoom + Integer.BYTES, Long.BYTES);
        header = all.asSlice(0, HEADER_BYTES);
        vector = all.asSlice(HEADER_BYTES, IOV_BYTES);
        control = all.asSlice(HEADER_BYTES + IOV_BYTES);
        header.set(ValueLayout.JAVA_LONG, IOV, vector.address());
        header.set(ValueLayout.JAVA_LONG, IOV_COUNT, 1);
    }

    /**
     * Receives bytes, and the descriptors that were sent with the first byte. Does not block. One call never returns bytes of two messages
     * with descriptors: the kernel returns before the second one.
     *
     * @param socket a Unix stream
     * @param into native memory
     * @param offset offset in {@code into} of the first byte
     * @param bytes maximum number of bytes, at least 1
     * @param descriptors filled with the descriptors, closed by exec; owned by the caller from now on
     * @return bytes received, 0 at the end of the stream, or the negative errno; {@code -E2BIG} when there were more descriptors than the
     *     maximum: all of them are closed
     */
    public int receive(Fd socket, MemorySegment into, long offset, int bytes, List<Fd> descriptors) {
        aim(into, offset, bytes);
        header.set(ValueLayout.JAVA_LONG, CONTROL, control.address());
        header.set(ValueLayout.JAVA_LONG, CONTROL_BYTES, controlRoom);
        header.set(ValueLayout.JAVA_INT, FLAGS, 0);
        int received = LibC.recvmsg(socket.number(), header.address(), LibC.MSG_CMSG_CLOEXEC | LibC.MSG_DONTWAIT);
        if (received < 0) {
            return received;
        }
        int before = descriptors.size();
        sender = NOT_REQUESTED;
        collect(descriptors);
        // If no credentials arrive, the buffer has room for more descriptors than allowed.
        if ((header.get(ValueLayout.JAVA_INT, FLAGS) & LibC.MSG_CTRUNC) != 0 || descriptors.size() - before > most) {
            while (descriptors.size() > before) {
                descriptors.removeLast().close();
            }
            return -Errno.E2BIG;
        }
        return received;
    }

    private void collect(List<Fd> descriptors) {
        long end = header.get(ValueLayout.JAVA_LONG, CONTROL_BYTES);
        long at = 0;
        while (at + CMSG_DATA <= end) {
            long length = control.get(ValueLayout.JAVA_LONG, at + CMSG_LENGTH);
            if (length < CMSG_DATA || length > end - at) {
                return;
            }
            int type = control.get(ValueLayout.JAVA_INT, at + CMSG_LEVEL) == LibC.SOL_SOCKET
                    ? control.get(ValueLayout.JAVA_INT, at + CMSG_TYPE)
                    : 0;
            if (type == LibC.SCM_RIGHTS) {
                for (long data = at + CMSG_DATA; data + Integer.BYTES <= at + length; data += Integer.BYTES) {
                    descriptors.add(
                            Fd.passed(control.get(ValueLayout.JAVA_INT, data), "received no descriptor", closer));
                }
            } else if (type == LibC.SCM_CREDENTIALS && length >= CMSG_DATA + Integer.BYTES) {
                sender = control.get(ValueLayout.JAVA_INT, at + CMSG_DATA);
            }
            at += (length + Long.BYTES - 1) & -Long.BYTES;
        }
    }

    /**
     * Returns the process that sent the bytes of the last {@link #receive}.
     *
     * @return process ID, 1 or more; 0 when the kernel does not know it or it is not visible in this PID namespace;
     *     {@link #NOT_REQUESTED} when {@link PeerProcess#requestCredentials} was not called
     */
    public int sender() {
        return sender;
    }

    /**
     * Sends bytes, and descriptors with the first byte. Does not block.
     *
     * @param socket a Unix stream
     * @param from native memory
     * @param offset offset in {@code from} of the first byte
     * @param bytes number of bytes, at least 1
     * @param descriptors descriptors, at most the maximum of this message; the caller still owns them
     * @return bytes sent, at least 1, together with all descriptors; or the negative errno
     */
    public int send(Fd socket, MemorySegment from, long offset, int bytes, List<Fd> descriptors) {
        int count = descriptors.size();
        if (count > most) {
            throw new IllegalArgumentException(count + " descriptors: a message carries at most " + most);
        }
        aim(from, offset, bytes);
        if (count == 0) {
            header.set(ValueLayout.JAVA_LONG, CONTROL, 0);
            header.set(ValueLayout.JAVA_LONG, CONTROL_BYTES, 0);
        } else {
            long length = CMSG_DATA + (long) count * Integer.BYTES;
            control.fill((byte) 0);
            control.set(ValueLayout.JAVA_LONG, CMSG_LENGTH, length);
            control.set(ValueLayout.JAVA_INT, CMSG_LEVEL, LibC.SOL_SOCKET);
            control.set(ValueLayout.JAVA_INT, CMSG_TYPE, LibC.SCM_RIGHTS);
            for (int i = 0; i < count; i++) {
                control.set(
                        ValueLayout.JAVA_INT,
                        CMSG_DATA + (long) i * Integer.BYTES,
                        descriptors.get(i).number());
            }
            header.set(ValueLayout.JAVA_LONG, CONTROL, control.address());
            header.set(ValueLayout.JAVA_LONG, CONTROL_BYTES, (length + Long.BYTES - 1) & -Long.BYTES);
        }
        return LibC.sendmsg(socket.number(), header.address(), LibC.MSG_NOSIGNAL | LibC.MSG_DONTWAIT);
    }

    private void aim(MemorySegment segment, long offset, int bytes) {
        MemorySegment part = segment.asSlice(offset, bytes);
        if (bytes < 1 || !part.isNative()) {
            throw new IllegalArgumentException("a message needs native memory and at least one byte, not " + part);
        }
        vector.set(ValueLayout.JAVA_LONG, 0, part.address());
        vector.set(ValueLayout.JAVA_LONG, Long.BYTES, bytes);
    }
}
