// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.SenderWait;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.host.port.PortStop;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SystemError;

/**
 * A port over a stream socket on which each frame is preceded by its length, 4 bytes big-endian. QEMU's {@code -netdev stream}, passt,
 * gvproxy and socket_vmnet use this format. The port also exists without a connection: then frames for it are dropped.
 *
 * <p>The port never blocks: bytes that the socket does not accept are kept, up to 1 MiB; beyond that, senders wait as long as
 * {@link SenderWait} allows; then frames are dropped and counted. No allocation for a frame.
 *
 * <p>Belongs to the lane that it is attached to.
 */
@SuppressWarnings(
        "EnumOrdinal") // The enum's ordinals index the slots only within this process: no ordinal is stored or sent.
public final class StreamPort implements CountedPort, Pollable, AutoCloseable {
    private static final int BURST = 64;
    private static final int REASONS = PortDrop.values().length;

    private final String name;
    private final StreamPeer peer;
    private final SenderWait wait;
    private final Consumer<String> trouble;
    private final StreamReader reader;
    private final StreamWriter writer = new StreamWriter();
    private final FramePort stream = new Stream();
    private final PortCounters counters = new PortCounters();
    private final IncomingFrame incoming;
    private final boolean[] said = new boolean[REASONS];

    /** Whether the stream has dropped and counted the frame that is being delivered. */
    private boolean counted;

    private Consumer<String> whenLost = reason -> {};
    private @Nullable Lane lane;
    private @Nullable Fd socket;
    private @Nullable FdHandle handle;
    private volatile boolean connected;
    private volatile boolean halted;
    private final PortStop stop;

    /**
     * Creates a port without a connection.
     *
     * @param name name for messages
     * @param peer the peer
     * @param sink destination of the peer's frames
     * @param clock clock in nanoseconds, from any origin
     * @param trouble receives a line when the port stops permanently, and when a frame is dropped for a reason that is
     *     new for the connection; called by the lane's thread
     */
    public StreamPort(String name, StreamPeer peer, FrameSink sink, LongSupplier clock, Consumer<String> trouble) {
        this.name = name;
        this.peer = peer;
        this.wait = new SenderWait(clock);
        this.trouble = trouble;
        this.stop = new PortStop(trouble);
        this.incoming = new IncomingFrame(this, counters, sink);
        this.reader = new StreamReader(peer, incoming, counters);
    }

    /**
     * Registers an action that runs when a connection is lost, even if {@link #connect} detects the loss. Called before {@link #attach}.
     *
     * @param task receives the reason, in one line; called by the lane's thread, must not block; the socket is closed already
     */
    public void whenLost(Consumer<String> task) {
        whenLost = task;
    }

    /**
     * Attaches the port to its lane. Called by the lane's thread.
     *
     * @param to the lane that will own the port
     */
    public void attach(Lane to) {
        lane = to;
        to.add(this);
    }

    /**
     * Sets the port's connection, and closes the previous one, if any. Called by the lane's thread.
     *
     * @param to a connected stream socket that does not block; owned by the port from now on, also when this fails
     * @throws SystemError when the socket cannot be watched
     * @throws IllegalStateException when the port is closed or has stopped
     */
    public void connect(Fd to) {
        Lane on = lane;
        if (on == null || stop.isStopped()) {
            to.close();
            throw new IllegalStateException("port " + name + " is closed");
        }
        disconnect();
        try {
            handle = FdHandle.open(on.loop(), to, FdHandle.STREAM_EDGE, events -> room());
        } catch (RuntimeException e) {
            to.close();
            throw e;
        }
        socket = to;
        reader.open(to.number());
        writer.open(to.number());
        Arrays.fill(said, false);
        connected = true;
        on.rearm();
    }

    /** Stops reading and writing until {@link #proceed}; frames for the peer are kept. Called by the lane's thread. */
    public void halt() {
        halted = true;
        writer.halt();
    }

    /** Continues after {@link #halt}. Called by the lane's thread. */
    public void proceed() {
        halted = false;
        writer.proceed();
        Lane on = lane;
        if (on != null) {
            on.rearm();
        }
    }

    /**
     * Returns whether the port is halted.
     *
     * @return true from {@link #halt} until {@link #proceed}
     */
    public boolean isHalted() {
        return halted;
    }

    /**
     * Returns the connection's socket, which may be handed over to another process.
     *
     * @return the descriptor, still owned by the port; null when there is none
     */
    public @Nullable Fd socket() {
        return socket;
    }

    /**
     * Returns the state of the port in its connection: the bytes that are only partly processed. Called by the lane's thread.
     *
     * @return a copy
     */
    public StreamState state() {
        return new StreamState(reader.unread(), writer.unwritten(), writer.whole(), incoming.held());
    }

    /**
     * Continues, in a halted port, a connection of the previous back-end process. Called by the lane's thread.
     *
     * @param to the connection, as for {@link #connect}
     * @param state the state that {@link #state} returned in that process
     * @throws IllegalArgumentException when the state is invalid
     */
    public void adopt(Fd to, StreamState state) {
        connect(to);
        try {
            reader.restore(state);
            writer.restore(state);
        } catch (IllegalArgumentException e) {
            disconnect();
            throw e;
        }
    }

    /** Handles an event of the socket. Most events only wake the lane, whose next turn polls every port. */
    private void room() {
        if (connected) {
            writer.writable();
        }
    }

    /** Closes the connection, if there is one; {@link #whenLost} is not called. Called by the lane's thread. */
    public void disconnect() {
        connected = false;
        FdHandle watched = handle;
        if (watched != null) {
            watched.close();
            handle = null;
        }
        Fd to = socket;
        if (to != null) {
            to.close();
            socket = null;
        }
        counters.drop(PortDrop.LOST, writer.close());
    }

    private void lost(String reason) {
        disconnect();
        whenLost.accept(reason);
    }

    @Override
    public int poll() {
        if (stop.isStopped() || halted) {
            return 0;
        }
        int work = 0;
        int result = connected ? IncomingFrame.MOVED : IncomingFrame.EMPTY;
        while (work < BURST && result == IncomingFrame.MOVED) {
            result = reader.read();
            if (result == IncomingFrame.MOVED) {
                work++;
            }
        }
        incoming.flush();
        if (result == IncomingFrame.GONE) {
            lost(reader.reason());
        } else if (connected && writer.broken() != 0) {
            lost(StreamReader.lost(writer.broken()));
        }
        return work;
    }

    /** Returns whether a write has failed. There is nothing to arm: epoll reports all other events edge-triggered. */
    @Override
    public boolean arm() {
        return connected && !halted && writer.broken() != 0;
    }

    @Override
    public void disarm() {}

    @Override
    public void fault(String reason) {
        if (stop.stop(reason)) {
            disconnect();
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int accepts() {
        return peer.accepts();
    }

    @Override
    public int deliver(Frame frame) {
        if (!connected) {
            return refuse(!stop.isStopped() ? PortDrop.NO_PEER : PortDrop.STOPPED);
        }
        if (!writer.hasRoom(frame.bytes)) {
            writer.flush();
            if (!writer.hasRoom(frame.bytes)) {
                return wait.mayWait() ? NO_ROOM : refuse(PortDrop.NO_ROOM);
            }
        }
        wait.taken(frame.bytes);
        counted = false;
        int result = peer.deliver(frame, stream);
        if (result == REFUSED && !counted) {
            // Not dropped by the stream: the peer could not convert it to a complete frame.
            counters.drop(PortDrop.BAD_SUPER_FRAME);
        }
        return result;
    }

    private int refuse(PortDrop reason) {
        count(reason, 1);
        counted = true;
        return REFUSED;
    }

    private void count(PortDrop reason, int frames) {
        counters.drop(reason, frames);
        if (reason != PortDrop.NO_PEER && reason != PortDrop.STOPPED && !said[reason.ordinal()]) {
            // One line for each reason, not for each frame; the owner reports a lost connection.
            said[reason.ordinal()] = true;
            trouble.accept("frames are dropped: " + reason.meaning());
        }
    }

    @Override
    public void dropped() {
        wait.dropped();
        count(PortDrop.NO_ROOM, 1);
    }

    @Override
    public void lost(int frames) {
        count(connected ? PortDrop.NO_ROOM : PortDrop.NO_PEER, frames);
    }

    @Override
    public void flush() {
        writer.flush();
    }

    /** The port that writes to the stream, to which the peer delivers converted frames. */
    private final class Stream implements FramePort {
        @Override
        public String name() {
            return name;
        }

        @Override
        public int accepts() {
            return 0;
        }

        @Override
        public int deliver(Frame frame) {
            if (frame.bytes > peer.longest()) {
                return refuse(PortDrop.TOO_LONG);
            }
            if (!writer.write(frame)) {
                return refuse(PortDrop.MEMORY);
            }
            counters.out(frame.bytes, false);
            return DELIVERED;
        }

        @Override
        public void flush() {
            writer.flush();
        }
    }

    /**
     * Returns whether there is a connection, as far as the port has detected.
     *
     * @return false after {@link #whenLost} was called
     */
    public boolean isConnected() {
        return connected;
    }

    /**
     * Returns the reason why the port stopped.
     *
     * @return the reason, or null while it works
     */
    public @Nullable String stoppedReason() {
        return stop.reason();
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    /**
     * Returns the number of writes of which the socket at first accepted only a part.
     *
     * @return the number since the start
     */
    public long partialWrites() {
        return writer.partialWrites();
    }

    /** Leaves the lane and closes the connection; later calls do nothing. Called by the lane's thread, or when the lane is closed. */
    @Override
    public void close() {
        Lane from = lane;
        if (from != null && from.inLane()) {
            from.remove(this);
        }
        lane = null;
        disconnect();
    }
}
