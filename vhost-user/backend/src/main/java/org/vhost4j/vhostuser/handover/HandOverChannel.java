// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SocketMessage;
import org.vhost4j.sys.SocketPeer;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnixAddress;

/**
 * One end of the connection between two back-ends, for a hand-over. The header of a message is little-endian:
 *
 * <pre>
 *   0  u32  magic "V4HO"
 *   4  u32  type
 *   8  u32  bytes after the header
 *  12  u32  CRC-32 of those
 *  16  u32  descriptors with the header, at most 253
 *  20  u32  CRC-32 of the header before
 * </pre>
 *
 * Belongs to one thread, which may block.
 */
public final class HandOverChannel implements AutoCloseable {
    /** The oldest format of message contents that this version reads. */
    public static final int OLDEST_FORMAT = 1;
    /** The first format that includes the counters of ports. */
    public static final int PORT_COUNTERS_FORMAT = 3;
    /** The first format that includes the parts of ports on lanes other than the first. */
    public static final int PARTS_FORMAT = 4;
    /** The format of message contents that this version writes, and the newest that it reads. */
    public static final int FORMAT = PARTS_FORMAT;

    private static final int MAGIC = 0x4f483456;
    private static final int HEADER = 24;
    private static final int MOST_BYTES = 64 << 20;
    private static final int MOST_DESCRIPTORS = 1 << 20;
    /** Event flag of poll(2): the peer has closed its sending side. */
    private static final int POLLRDHUP = 0x2000;

    private static final long REFUSING_NANOS = 100_000_000;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The phases of a message's transfer that a {@link Watch} observes. */
    public enum Moment {
        /** The message is about to be sent. */
        SENDING,
        /** The whole message was sent. */
        SENT,
        /** The channel waits for the message. */
        AWAITING,
        /** The message was received. */
        RECEIVED
    }

    /** Observes the messages that are sent and received, so that a test can kill a process at any of them. */
    @FunctionalInterface
    public interface Watch {
        /**
         * Observes a message. The channel's thread calls this, and continues when it returns.
         *
         * @param moment phase of the message's transfer
         * @param type type of the message
         */
        void at(Moment moment, MessageType type);
    }

    private final Fd socket;
    private final Watch watch;
    private final SocketMessage carrier = new SocketMessage(null, SocketMessage.MOST_DESCRIPTORS);

    /**
     * Creates a channel over a connection.
     *
     * @param socket connected and non-blocking; owned by the channel from now on
     */
    public HandOverChannel(Fd socket) {
        this(socket, (moment, type) -> {});
    }

    /**
     * Creates a channel over a connection, and observes its messages.
     *
     * @param socket connected and non-blocking; owned by the channel from now on
     * @param watch called for each message except refusals
     */
    public HandOverChannel(Fd socket, Watch watch) {
        this.socket = socket;
        this.watch = watch;
    }

    /**
     * Connects to a listening back-end.
     *
     * @param path path of its socket
     * @return the channel
     * @throws SystemError when no process listens on the path: ENOENT or ECONNREFUSED
     */
    public static HandOverChannel connect(Path path) {
        return connect(path, (moment, type) -> {});
    }

    /**
     * Connects to a listening back-end, and observes the messages.
     *
     * @param path path of its socket
     * @param watch called for each message except refusals
     * @return the channel
     * @throws SystemError when no process listens on the path: ENOENT or ECONNREFUSED
     */
    public static HandOverChannel connect(Path path, Watch watch) {
        UnixAddress address = UnixAddress.of(path);
        Fd socket = UnixAddress.socket();
        int result = address.connect(socket);
        if (result < 0) {
            socket.close();
            throw new SystemError("cannot connect to " + path, -result);
        }
        return new HandOverChannel(socket, watch);
    }

    /**
     * Checks that the peer process belongs to the same user.
     *
     * @return the peer process
     * @throws HandOverException when it belongs to another user
     */
    public SocketPeer requireSameUser() throws HandOverException {
        SocketPeer peer = SocketPeer.of(socket);
        int own = SocketPeer.ownUser();
        if (peer.user() != own) {
            throw new HandOverException("process " + peer.process() + " is of user " + peer.user()
                    + ", and this back-end of " + own + ": guests are handed over only to a process of the same user");
        }
        return peer;
    }

    /** A received message. */
    public static final class Received {
        private final MessageType type;
        private final byte[] content;
        private final List<Fd> descriptors;

        private Received(MessageType type, byte[] content, List<Fd> descriptors) {
            this.type = type;
            this.content = content;
            this.descriptors = descriptors;
        }

        /**
         * Returns a reader of the message's content.
         *
         * @return a reader, which owns the descriptors that were received with the message
         */
        public StateReader reader() {
            return new StateReader("message " + type, content, descriptors);
        }
    }

    /**
     * Sends a message without content.
     *
     * @param type the type
     * @param patience maximum time to wait until the peer reads
     * @throws HandOverException when the peer is gone or does not read
     */
    public void send(MessageType type, Duration patience) throws HandOverException {
        send(type, new StateWriter(), patience);
    }

    /**
     * Sends a message.
     *
     * @param type the type
     * @param state content of the message; its descriptors may be closed when this returns
     * @param patience maximum time to wait until the peer reads
     * @throws HandOverException when the peer is gone or does not read
     */
    public void send(MessageType type, StateWriter state, Duration patience) throws HandOverException {
        watch.at(Moment.SENDING, type);
        long end = System.nanoTime() + patience.toNanos();
        List<Fd> rest = state.descriptors();
        while (rest.size() > SocketMessage.MOST_DESCRIPTORS) {
            sendOne(MessageType.DESCRIPTORS, new byte[0], rest.subList(0, SocketMessage.MOST_DESCRIPTORS), end);
            rest = rest.subList(SocketMessage.MOST_DESCRIPTORS, rest.size());
        }
        sendOne(type, state.bytes(), rest, end);
        watch.at(Moment.SENT, type);
    }

    private void sendOne(MessageType type, byte[] content, List<Fd> descriptors, long end) throws HandOverException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(HEADER + (long) content.length);
            message.set(INT, 0, MAGIC);
            message.set(INT, 4, type.code());
            message.set(INT, 8, content.length);
            message.set(INT, 12, checksum(content, content.length));
            message.set(INT, 16, descriptors.size());
            message.set(INT, 20, headerChecksum(message));
            MemorySegment.copy(content, 0, message, ValueLayout.JAVA_BYTE, HEADER, content.length);
            int sent = 0;
            List<Fd> beside = descriptors;
            while (sent < message.byteSize()) {
                int result = carrier.send(socket, message, sent, (int) message.byteSize() - sent, beside);
                if (result > 0) {
                    sent += result;
                    beside = List.of();
                } else if (result == -Errno.EAGAIN) {
                    await(LibC.POLLOUT, end, "does not read");
                } else if (result != -Errno.EINTR) {
                    throw connectionLost(result);
                }
            }
        }
    }

    private static int headerChecksum(MemorySegment header) {
        return checksum(
                header.asSlice(0, HEADER - Integer.BYTES).toArray(ValueLayout.JAVA_BYTE), HEADER - Integer.BYTES);
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    /**
     * Receives the next message.
     *
     * @param due expected type; if REFUSED arrives instead, its reason is thrown
     * @param patience maximum time to wait for the message
     * @return the message
     * @throws HandOverException when another message arrives, or no message in time
     */
    public Received receive(MessageType due, Duration patience) throws HandOverException {
        watch.at(Moment.AWAITING, due);
        long end = System.nanoTime() + patience.toNanos();
        List<Fd> descriptors = new ArrayList<>();
        boolean done = false;
        try {
            Received next = receiveOne(end, descriptors);
            while (next.type == MessageType.DESCRIPTORS && descriptors.size() < MOST_DESCRIPTORS) {
                next = receiveOne(end, descriptors);
            }
            if (next.type == MessageType.REFUSED) {
                throw new HandOverException(new StateReader("the refusal", next.content, List.of()).text());
            }
            if (next.type != due) {
                throw new HandOverException("the other back-end sent " + next.type + " instead of " + due);
            }
            watch.at(Moment.RECEIVED, due);
            done = true;
            return new Received(due, next.content, List.copyOf(descriptors));
        } finally {
            if (!done) {
                descriptors.forEach(Fd::close);
            }
        }
    }

    private Received receiveOne(long end, List<Fd> descriptors) throws HandOverException {
        int before = descriptors.size();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(HEADER);
            fill(header, end, descriptors);
            MessageType type = MessageType.ofCode(header.get(INT, 4)).orElse(null);
            int length = header.get(INT, 8);
            if (header.get(INT, 0) != MAGIC
                    || header.get(INT, 20) != headerChecksum(header)
                    || type == null
                    || length < 0
                    || length > MOST_BYTES) {
                throw new HandOverException("the peer sent data that is not a hand-over message");
            }
            if (descriptors.size() - before != header.get(INT, 16)) {
                throw new HandOverException("message " + type + " came with " + (descriptors.size() - before)
                        + " descriptors of " + header.get(INT, 16)
                        + ": the limit of open files (ulimit -n) of this process is too low");
            }
            MemorySegment content = arena.allocate(Math.max(1, length));
            if (length > 0) {
                fill(content, end, descriptors);
            }
            byte[] bytes = content.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
            if (checksum(bytes, length) != header.get(INT, 12)) {
                throw new HandOverException("message " + type + " is damaged");
            }
            return new Received(type, bytes, List.of());
        }
    }

    /**
     * Waits until the peer has closed the connection.
     *
     * @param patience maximum time to wait
     */
    public void awaitEnd(Duration patience) {
        List<Fd> descriptors = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            fill(arena.allocate(1), System.nanoTime() + patience.toNanos(), descriptors);
        } catch (HandOverException e) {
            // The hand-over is complete, whether or not the peer has closed the connection.
        }
        descriptors.forEach(Fd::close);
    }

    private void fill(MemorySegment into, long end, List<Fd> descriptors) throws HandOverException {
        int have = 0;
        while (have < into.byteSize()) {
            int result = carrier.receive(socket, into, have, (int) into.byteSize() - have, descriptors);
            if (result > 0) {
                have += result;
            } else if (result == -Errno.EAGAIN) {
                await(LibC.POLLIN, end, "says nothing");
            } else if (result != -Errno.EINTR) {
                throw connectionLost(result);
            }
        }
    }

    private static HandOverException connectionLost(int result) {
        return new HandOverException(
                result == 0 || result == -Errno.ECONNRESET || result == -Errno.EPIPE
                        ? "the other back-end is gone"
                        : new SystemError("nothing can be received from the other back-end", -result).getMessage());
    }

    private void await(int event, long end, String reproach) throws HandOverException {
        long left = (end - System.nanoTime() + 999_999) / 1_000_000;
        if (left <= 0) {
            throw new HandOverException("the other back-end " + reproach);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Long.BYTES, Long.BYTES);
            poll.set(ValueLayout.JAVA_INT, 0, socket.number());
            poll.set(ValueLayout.JAVA_SHORT, Integer.BYTES, (short) event);
            int unused = LibC.poll(poll.address(), 1, (int) Math.min(left, Integer.MAX_VALUE));
        }
    }

    /**
     * Returns whether the peer has closed the connection.
     *
     * @return false while the peer process lives and has not closed the channel
     */
    public boolean isGone() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Long.BYTES, Long.BYTES);
            poll.set(ValueLayout.JAVA_INT, 0, socket.number());
            poll.set(ValueLayout.JAVA_SHORT, Integer.BYTES, (short) POLLRDHUP);
            return LibC.poll(poll.address(), 1, 0) > 0;
        }
    }

    /** Sends REFUSED to the peer if it still receives: nothing is handed over. */
    public void refuse(String reason) {
        try {
            byte[] content = new StateWriter().text(reason).bytes();
            sendOne(MessageType.REFUSED, content, List.of(), System.nanoTime() + REFUSING_NANOS);
        } catch (HandOverException e) {
            // Closing the connection has the same effect.
        }
    }

    /** Closes the connection. */
    @Override
    public void close() {
        socket.hangUp();
        socket.close();
    }
}
