// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.datagram;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.host.io.SocketFile;
import org.vhost4j.host.io.StaleSocket;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.SenderWait;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.host.port.PortStop;
import org.vhost4j.host.port.Refusals;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.sys.SystemError;

/**
 * A port over a datagram socket, UDP or Unix, with one frame in each datagram. Frames are plain: their checksums are complete, and none is
 * longer than a datagram. One system call for each frame, no allocation.
 *
 * <p>A UDP socket accepts only datagrams from its peer. Frames to a peer that does not exist are dropped; the port keeps working.
 *
 * <p>Belongs to the lane that it is attached to.
 */
public final class DatagramPort implements CountedPort, Pollable, AutoCloseable {
    private static final int BURST = 64;

    // struct msghdr.
    private static final int NAME = 0;
    private static final int NAME_LENGTH = 8;
    private static final int VECTOR = 16;
    private static final int VECTOR_LENGTH = 24;
    private static final int FLAGS = 48;
    private static final int MESSAGE_BYTES = 56;
    private static final int MSG_TRUNC = 0x20;
    private static final int IOVEC_BYTES = 16;
    private static final int MOST_PIECES = 1024;

    /** Size of the socket's buffers in bytes: room for the plain frames of a few super-frames. */
    private static final int SOCKET_BYTES = 1 << 20;

    private final String name;
    private final SenderWait wait;
    private final Consumer<String> trouble;
    private final SocketAddress local;
    private final Fd socket;
    /** The socket's file; null when its address is not a path. */
    private final @Nullable SocketFile file;

    /** The destination address; kept in a field because {@link #outgoingMessage} points to it. */
    private final MemorySegment remote;

    private final MemorySegment errno = Arena.ofAuto().allocate(HotCalls.ERRNO);
    private final MemorySegment incomingMessage = Arena.ofAuto().allocate(MESSAGE_BYTES, Long.BYTES);
    private final MemorySegment outgoingMessage = Arena.ofAuto().allocate(MESSAGE_BYTES, Long.BYTES);
    private final MemorySegment vectors = Arena.ofAuto().allocate((MOST_PIECES + 1L) * IOVEC_BYTES, Long.BYTES);
    private final MemorySegment buffer = Arena.ofAuto().allocate(Frame.MAX_BYTES, 64);
    private final MemorySegment tail = Arena.ofAuto().allocate(Frame.MAX_BYTES, 64);
    private final PortCounters counters = new PortCounters();
    private final Refusals refusals = new Refusals(counters);
    private final IncomingFrame incoming;
    private final Frame staged;

    private boolean halted;
    private @Nullable Lane lane;
    private @Nullable FdHandle handle;
    private final PortStop stop;

    /**
     * Creates a port that is not started yet.
     *
     * @param name name for messages
     * @param local address to which the socket is bound
     * @param remote address to which frames are sent
     * @param sink destination of the peer's frames
     * @param clock clock in nanoseconds, from any origin
     * @param trouble receives a line when the port stops permanently, and when a frame is dropped for a new reason
     * @throws SystemError when a name is not known, or the socket cannot be bound
     */
    public DatagramPort(
            String name,
            SocketAddress local,
            SocketAddress remote,
            FrameSink sink,
            LongSupplier clock,
            Consumer<String> trouble) {
        this(name, local, remote.resolve(), null, sink, clock, trouble);
    }

    private DatagramPort(
            String name,
            SocketAddress local,
            SocketAddress.Resolved to,
            @Nullable Fd taken,
            FrameSink sink,
            LongSupplier clock,
            Consumer<String> trouble) {
        this.name = name;
        this.local = local;
        this.halted = taken != null;
        this.incoming = new IncomingFrame(this, counters, sink);
        this.staged = incoming.frame;
        this.wait = new SenderWait(clock);
        this.trouble = trouble;
        this.stop = new PortStop(trouble);
        this.remote = to.memory();
        this.socket = taken != null ? taken : bind(local, to);
        Path path = local.path();
        this.file = path == null ? null : SocketFile.of(path);
        long first = vectors.address();
        HostMemory.putLongLE(first, buffer.address());
        HostMemory.putLongLE(first + 8, Frame.MAX_BYTES);
        incomingMessage.set(ValueLayout.JAVA_LONG, VECTOR, first);
        incomingMessage.set(ValueLayout.JAVA_LONG, VECTOR_LENGTH, 1);
        if (local.path() != null) {
            // Not connected: a socket that is connected to a path stays connected to the process that had bound it at
            // that time.
            outgoingMessage.set(ValueLayout.JAVA_LONG, NAME, this.remote.address());
            outgoingMessage.set(ValueLayout.JAVA_INT, NAME_LENGTH, (int) this.remote.byteSize());
        }
        outgoingMessage.set(ValueLayout.JAVA_LONG, VECTOR, first + IOVEC_BYTES);
    }

    /**
     * Creates a halted port that takes over the socket of another process.
     *
     * @param name name for messages
     * @param local address to which the socket is bound
     * @param remote address to which frames are sent
     * @param socket a socket that is bound, and connected if it is not a Unix socket; owned by the port from now on
     * @param sink destination of the peer's frames
     * @param clock clock in nanoseconds, from any origin
     * @param trouble receives lines, as for a port that this process opened
     * @return a port that moves nothing until {@link #proceed}
     * @throws SystemError when a name is not known
     */
    public static DatagramPort takeOver(
            String name,
            SocketAddress local,
            SocketAddress remote,
            Fd socket,
            FrameSink sink,
            LongSupplier clock,
            Consumer<String> trouble) {
        try {
            return new DatagramPort(name, local, remote.resolve(), socket, sink, clock, trouble);
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static Fd bind(SocketAddress local, SocketAddress.Resolved to) {
        SocketAddress.Resolved from = local.resolve();
        if (from.family() != to.family()) {
            throw SystemError.explained("local and remote are not of one address family", Errno.EINVAL);
        }
        Fd socket = from.socket(LibC.SOCK_DGRAM | LibC.SOCK_NONBLOCK);
        try {
            buffers(socket);
            StaleSocket.bindInPlace(socket, LibC.SOCK_DGRAM, local, from, "cannot bind a socket to " + local);
            if (local.path() == null) {
                SystemError.check(to.connect(socket), "cannot send from " + local);
            }
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static void buffers(Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, SOCKET_BYTES);
            for (int option : new int[] {LibC.SO_SNDBUF, LibC.SO_RCVBUF}) {
                SystemError.check(
                        LibC.setsockopt(socket.number(), option, size.address(), Integer.BYTES),
                        "cannot set the size of a socket's buffer");
            }
        }
    }

    /**
     * Attaches the port to its lane, which begins to exchange frames. Called by the lane's thread.
     *
     * @param to the lane that will own the port
     * @throws SystemError when the socket cannot be watched; then the port is closed
     */
    public void attach(Lane to) {
        lane = to;
        try {
            handle = FdHandle.open(to.loop(), socket, FdHandle.READ_EDGE, events -> {
                // Nothing to do: the event only wakes the lane, whose next turn polls every port.
            });
            to.add(this);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Stops reading until {@link #proceed}. Frames are still sent. Called by the lane's thread. */
    public void halt() {
        halted = true;
    }

    /** Continues after {@link #halt}. Called by the lane's thread. */
    public void proceed() {
        halted = false;
        Lane on = lane;
        if (on != null) {
            on.rearm();
        }
    }

    /**
     * Returns the socket, which may be handed over to another process.
     *
     * @return the socket, still owned by the port
     */
    public Fd socket() {
        return socket;
    }

    /**
     * Returns the frame that was read and waits for room at its receiver.
     *
     * @return a copy; null when there is none
     */
    public @Nullable HeldFrame held() {
        return incoming.held();
    }

    /**
     * Restores a frame that the previous back-end process has read but not forwarded; it is forwarded before new frames.
     * Called by the lane's thread, while the port is halted.
     *
     * @param frame the frame; null for none
     */
    public void hold(@Nullable HeldFrame frame) {
        incoming.hold(frame, buffer.address());
    }

    @Override
    public int poll() {
        if (stop.isStopped() || halted) {
            return 0;
        }
        int work = 0;
        int result = IncomingFrame.MOVED;
        while (work < BURST && result == IncomingFrame.MOVED) {
            result = incoming.waits() ? incoming.offer() : read();
            if (result == IncomingFrame.MOVED) {
                work++;
            }
        }
        incoming.flush();
        return work;
    }

    /** Reads one datagram and forwards its frame, or reads the error of an earlier datagram that could not be delivered. */
    private int read() {
        int length = HotCalls.recvmsg(errno, socket.number(), incomingMessage.address(), 0);
        if (length == -Errno.EAGAIN || length == -Errno.EINTR) {
            return IncomingFrame.EMPTY;
        }
        if (length < 0) {
            return drop(length == -Errno.ECONNREFUSED ? PortDrop.NO_PEER : PortDrop.READ_FAILED);
        }
        if (length < Frame.ETHERNET_HEADER) {
            return drop(PortDrop.RUNT);
        }
        if ((incomingMessage.get(ValueLayout.JAVA_INT, FLAGS) & MSG_TRUNC) != 0) {
            return drop(PortDrop.CUT);
        }
        staged.clear();
        staged.needs = 0;
        boolean added = staged.add(buffer.address(), length);
        assert added;
        return incoming.pass();
    }

    private int drop(PortDrop reason) {
        counters.drop(reason);
        return IncomingFrame.MOVED;
    }

    @Override
    public boolean arm() {
        // Incoming frames are reported edge-triggered at any time. Room in a full socket is not reported: then the lane
        // keeps trying.
        return wait.isBlocked();
    }

    @Override
    public void disarm() {}

    @Override
    public void fault(String reason) {
        boolean unused = stop.stop(reason);
    }

    @Override
    public String name() {
        return name;
    }

    /** Returns no offloads: the peer gets plain frames with complete checksums. */
    @Override
    public int accepts() {
        return 0;
    }

    @Override
    public int deliver(Frame frame) {
        if (stop.isStopped() || frame.bytes > Frame.MAX_BYTES) {
            counters.drop(stop.isStopped() ? PortDrop.STOPPED : PortDrop.TOO_LONG);
            return REFUSED;
        }
        int direct = frame.pieces <= MOST_PIECES ? frame.pieces : MOST_PIECES - 1;
        long at = vectors.address() + IOVEC_BYTES;
        for (int i = 0; i < direct; i++, at += IOVEC_BYTES) {
            HostMemory.putLongLE(at, frame.address[i]);
            HostMemory.putLongLE(at + 8, frame.length[i]);
        }
        int count = direct;
        if (direct < frame.pieces) {
            int length = 0;
            for (int i = direct; i < frame.pieces; i++) {
                HostMemory.copy(frame.address[i], tail.address() + length, frame.length[i]);
                length += frame.length[i];
            }
            HostMemory.putLongLE(at, tail.address());
            HostMemory.putLongLE(at + 8, length);
            count++;
        }
        outgoingMessage.set(ValueLayout.JAVA_LONG, VECTOR_LENGTH, count);
        int sent = HotCalls.sendmsg(errno, socket.number(), outgoingMessage.address(), LibC.MSG_NOSIGNAL);
        if (sent == -Errno.ECONNREFUSED && local.path() == null) {
            // The error belongs to an earlier datagram; this one was not sent.
            sent = HotCalls.sendmsg(errno, socket.number(), outgoingMessage.address(), LibC.MSG_NOSIGNAL);
        }
        if (sent < 0) {
            return failed(-sent, frame.bytes);
        }
        counters.out(frame.bytes, false);
        wait.taken(frame.bytes);
        return DELIVERED;
    }

    private int failed(int number, int bytes) {
        if (number == Errno.EAGAIN && wait.mayWait()) {
            return NO_ROOM;
        }
        if (refusals.count(number)) {
            trouble.accept(
                    switch (number) {
                        case Errno.EAGAIN -> "frames are dropped: the peer does not read";
                        case Errno.ECONNREFUSED, Errno.ENOENT -> "frames are dropped: the peer is not there";
                        case Errno.EMSGSIZE ->
                            "frames are dropped: a frame of " + bytes + " bytes does not fit a datagram";
                        default -> String.valueOf(new SystemError("frames are dropped", number).getMessage());
                    });
        }
        return REFUSED;
    }

    @Override
    public void dropped() {
        wait.dropped();
        counters.drop(PortDrop.NO_ROOM);
    }

    /** Does nothing: {@link #deliver} has already passed every frame to the kernel. */
    @Override
    public void flush() {}

    @Override
    public PortCounters counters() {
        return counters;
    }

    /**
     * Leaves the lane, and closes and removes the socket; later calls do nothing. The file of a halted port is not
     * removed: another process uses the socket. Called by the lane's thread, or when the lane is closed.
     */
    @Override
    public void close() {
        Lane from = lane;
        if (from != null && from.inLane()) {
            from.remove(this);
        }
        lane = null;
        FdHandle watched = handle;
        if (watched != null) {
            watched.close();
            handle = null;
        }
        if (socket.isOpen()) {
            socket.close();
            SocketFile made = file;
            if (made != null && !halted) {
                try {
                    made.remove();
                } catch (SystemError e) {
                    trouble.accept(e.getMessage());
                }
            }
        }
    }
}
