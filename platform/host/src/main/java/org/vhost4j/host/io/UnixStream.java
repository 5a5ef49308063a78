// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import io.netty.channel.epoll.EpollIoOps;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Budget;
import org.vhost4j.sys.Closer;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.PeerProcess;
import org.vhost4j.sys.SocketMessage;
import org.vhost4j.sys.SystemError;

/**
 * A connected Unix stream socket that carries descriptors. It never reads beyond the requested piece. So descriptors stay with the message
 * that they arrived with, and a peer blocks while the handler requests no piece.
 *
 * <p>Belongs to its loop's thread. No method calls the handler itself: the loop does, later.
 */
public final class UnixStream implements AutoCloseable {
    /** Maximum number of pieces handled in one slice, before it is another peer's turn. */
    private static final int PIECES_PER_SLICE = 16;

    private final IoLoop loop;
    private final Fd socket;
    private final StreamHandler handler;
    private final FdHandle handle;
    private final SocketMessage message;
    private final MemorySegment piece;
    private final ByteBuffer view;
    private final SendQueue unsent;

    private List<Fd> descriptors = new ArrayList<>();
    private int wanted;
    private int have;
    private boolean readable;
    private boolean scheduled;
    private boolean open = true;
    private boolean heard;
    private int sender;

    /** Whether reading and sending are stopped until {@link #thaw}. */
    private boolean frozen;

    private UnixStream(IoLoop loop, Fd socket, int first, int largest, StreamHandler handler, @Nullable Closer closer) {
        message = new SocketMessage(closer);
        this.loop = loop;
        this.socket = socket;
        this.handler = handler;
        piece = Arena.ofAuto().allocate(largest, Long.BYTES);
        view = piece.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        unsent = new SendQueue(socket);
        wanted = checked(first);
        // Edge-triggered, because level-triggered events would report a closed peer continuously, even while the stream
        // does not read.
        handle = FdHandle.open(loop, socket, FdHandle.STREAM_EDGE, new FdHandle.Handler() {
            @Override
            public void ready(int events) {
                UnixStream.this.ready(events);
            }

            @Override
            public void loopClosed() {
                end(StreamEnd.Cause.LOOP_CLOSED, "the back-end is shutting down");
            }
        });
    }

    /**
     * Starts to read. Called by the loop's thread.
     *
     * @param loop the loop that will own the stream
     * @param socket connected and non-blocking; owned by the stream from now on, and closed when this throws
     * @param first the length of the first piece, 1 to {@code largest}; 0 to read nothing until {@link #want} is called
     * @param largest the maximum length of a piece in bytes
     * @param handler receives the data
     * @return the stream
     * @throws SystemError when the socket cannot be watched
     */
    public static UnixStream open(IoLoop loop, Fd socket, int first, int largest, StreamHandler handler) {
        return opened(loop, socket, first, largest, handler, null);
    }

    /**
     * Starts to read. Called by the loop's thread.
     *
     * @param loop the loop that will own the stream
     * @param socket connected and non-blocking; owned by the stream from now on, and closed when this throws
     * @param first the length of the first piece, 1 to {@code largest}; 0 to read nothing until {@link #want} is called
     * @param largest the maximum length of a piece in bytes
     * @param handler receives the data
     * @param closer closes the socket and the descriptors received on it
     * @return the stream
     * @throws SystemError when the socket cannot be watched
     */
    public static UnixStream open(
            IoLoop loop, Fd socket, int first, int largest, StreamHandler handler, Closer closer) {
        return opened(loop, socket.closedBy(closer), first, largest, handler, closer);
    }

    private static UnixStream opened(
            IoLoop loop, Fd socket, int first, int largest, StreamHandler handler, @Nullable Closer closer) {
        try {
            return new UnixStream(loop, socket, first, largest, handler, closer);
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Returns whether the stream is open.
     *
     * @return false after it has ended or was closed; then nothing can be sent any more
     */
    public boolean isOpen() {
        return open;
    }

    /**
     * Continues reading after {@link StreamHandler#received} returned 0.
     *
     * @param bytes the length of the next piece, 1 up to the stream's largest
     * @throws IllegalStateException when a piece is being read already
     */
    public void want(int bytes) {
        loop.assertInLoop();
        if (wanted != 0) {
            throw new IllegalStateException("a piece of " + wanted + " bytes is being read already");
        }
        wanted = checked(bytes);
        readSoon();
    }

    private int checked(int bytes) {
        if (bytes < 0 || bytes > piece.byteSize()) {
            throw new IllegalArgumentException("a piece of " + bytes + " bytes: it can have 0 to " + piece.byteSize());
        }
        return bytes;
    }

    /**
     * Sends bytes, and descriptors with the first byte. Bytes that the socket does not accept are kept and sent later, in order. If the
     * peer is gone or reads nothing, the stream ends soon after. Does nothing after the end of the stream.
     *
     * @param bytes the bytes from position to limit; the buffer may be changed when this returns
     * @param beside descriptors, at most 8; they may be closed when this returns
     */
    public void send(ByteBuffer bytes, List<Fd> beside) {
        loop.assertInLoop();
        if (open && bytes.hasRemaining()) {
            failSoon(unsent.send(bytes, beside));
        }
    }

    /**
     * Sends bytes without descriptors; see {@link #send(ByteBuffer, List)}.
     *
     * @param bytes the bytes from position to limit; the buffer may be changed when this returns
     */
    public void send(ByteBuffer bytes) {
        send(bytes, List.of());
    }

    private void failSoon(int result) {
        if (result == -Errno.EPIPE || result == -Errno.ECONNRESET) {
            // The peer is gone. Data that it sent before is still read; then the end is detected.
            unsent.close();
        } else if (result < 0) {
            String text = result == -Errno.ENOBUFS
                    ? "the peer does not read: " + unsent.waitingBytes() + " bytes wait for it"
                    : new SystemError("cannot send", -result).getMessage();
            loop.execute(() -> end(StreamEnd.Cause.FAILED, text));
        }
    }

    /** Stops reading and sending until {@link #thaw}. Called by the loop's thread. */
    public void freeze() {
        loop.assertInLoop();
        frozen = true;
    }

    /** Continues after {@link #freeze}. Called by the loop's thread. */
    public void thaw() {
        loop.assertInLoop();
        frozen = false;
        if (open) {
            failSoon(unsent.flush());
            // Events that were reported meanwhile are not reported again.
            readable = true;
            readSoon();
        }
    }

    /**
     * Returns the received part of an incomplete piece.
     *
     * @return a copy; empty between two pieces
     */
    public byte[] begun() {
        return piece.asSlice(0, have).toArray(ValueLayout.JAVA_BYTE);
    }

    /**
     * Returns the descriptors that arrived with the bytes of {@link #begun}.
     *
     * @return the descriptors, which the stream still owns
     */
    public List<Fd> begunDescriptors() {
        return List.copyOf(descriptors);
    }

    /**
     * Returns the bytes that wait to be sent.
     *
     * @return a copy; empty unless the peer reads too slowly
     */
    public byte[] unsent() {
        return unsent.waiting();
    }

    /**
     * Returns the socket, which may be handed over to another process.
     *
     * @return the socket, still owned by the stream
     */
    public Fd socket() {
        return socket;
    }

    /**
     * Closes all descriptors in this process, and leaves the connection to the other process that also owns the socket. Called by the
     * loop's thread.
     */
    public void leave() {
        loop.assertInLoop();
        if (open) {
            open = false;
            handle.close();
            socket.close();
            unsent.close();
            descriptors.forEach(Fd::close);
            descriptors.clear();
        }
    }

    private void ready(int events) {
        if ((events & EpollIoOps.EPOLLOUT.value()) != 0 && open && !frozen) {
            failSoon(unsent.flush());
        }
        if ((events & ~EpollIoOps.EPOLLOUT.value()) != 0) {
            readable = true;
            readSoon();
        }
    }

    private void readSoon() {
        if (readable && !scheduled && !frozen) {
            scheduled = true;
            loop.turns().enqueue(this::slice);
        }
    }

    private void slice() {
        scheduled = false;
        try {
            read(loop.turns().budget());
        } finally {
            if (open && wanted != 0) {
                readSoon();
            }
        }
    }

    /** Reads until no data is left, or the slice or the turn's budget is used up. */
    private void read(Budget budget) {
        for (int pieces = 0; pieces < PIECES_PER_SLICE; ) {
            if (!open || frozen || !readable || wanted == 0 || !budget.remains()) {
                return;
            }
            int received = message.receive(socket, piece, have, wanted - have, descriptors);
            if (received == -Errno.EAGAIN) {
                readable = false;
                return;
            }
            if (received == -Errno.EINTR) {
                continue;
            }
            if (received <= 0) {
                endReading(received);
                return;
            }
            if (descriptors.size() > SocketMessage.MAX_DESCRIPTORS) {
                endReading(-Errno.E2BIG);
                return;
            }
            if (!heard) {
                storeSender();
            }
            have += received;
            if (have == wanted) {
                int length = have;
                try {
                    hand();
                } finally {
                    budget.spend(length);
                }
                pieces++;
            }
        }
    }

    /** Stores the sender of the first bytes; the sender of later bytes is irrelevant. */
    private void storeSender() {
        heard = true;
        int number = message.sender();
        if (number != SocketMessage.NOT_REQUESTED) {
            sender = number;
            PeerProcess.stopCredentials(socket);
        }
    }

    /**
     * Returns the process that sent the first bytes.
     *
     * @return process ID, 1 or more; 0 when it is unknown: nothing has been received, credentials were not requested before the bytes were
     *     sent, or the process is not visible in this PID namespace
     */
    public int sender() {
        return sender;
    }

    private void endReading(int received) {
        if (received == -Errno.E2BIG) {
            end(
                    StreamEnd.Cause.FAILED,
                    "the peer sent more than " + SocketMessage.MAX_DESCRIPTORS + " descriptors with one message");
        } else if (received < 0 && received != -Errno.ECONNRESET) {
            end(StreamEnd.Cause.FAILED, new SystemError("cannot receive", -received).getMessage());
        } else if (have > 0) {
            end(StreamEnd.Cause.CUT_SHORT, "the peer closed the connection after " + have + " of " + wanted + " bytes");
        } else {
            // Also for ECONNRESET, which a Unix socket returns when the peer has closed and left data unread.
            end(StreamEnd.Cause.PEER_CLOSED, "the peer closed the connection");
        }
    }

    private void hand() {
        List<Fd> handed = descriptors;
        if (!handed.isEmpty()) {
            descriptors = new ArrayList<>();
        }
        int length = have;
        have = 0;
        wanted = 0;
        boolean done = false;
        try {
            int next = checked(handler.received(view.clear().limit(length), handed));
            done = true;
            // The handler may have called want() already.
            if (next != 0) {
                wanted = next;
            }
        } finally {
            if (!done) {
                handed.forEach(Fd::close);
                end(StreamEnd.Cause.FAILED, "a message could not be handled because of an internal error");
            }
        }
    }

    private void end(StreamEnd.Cause cause, String text) {
        if (open) {
            release();
            handler.ended(new StreamEnd(cause, text));
        }
    }

    private void release() {
        open = false;
        handle.close();
        socket.hangUp();
        socket.close();
        unsent.close();
        descriptors.forEach(Fd::close);
        descriptors.clear();
    }

    /** Closes the socket and all waiting descriptors; later calls do nothing. The handler is not called any more. */
    @Override
    public void close() {
        loop.assertInLoop();
        if (open) {
            release();
        }
    }
}
