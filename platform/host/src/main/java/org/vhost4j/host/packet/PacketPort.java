// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.packet;

import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.SenderWait;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.host.port.PortStop;
import org.vhost4j.host.port.Refusals;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.SystemError;

/**
 * A port to a network interface of the host, such as a NIC or one end of a veth pair, through a packet socket. Frames are written without
 * an intermediate copy, and read into a buffer and forwarded to the sink. Super-frames are not segmented in either direction. One system
 * call for each frame, no allocation.
 *
 * <p>While the interface is down, or after it was removed, frames for it are dropped, which is reported in one line. When an interface of
 * the same name exists again, the port joins it. After the kernel has refused a UDP super-frame (USO), the port passes no more of them to
 * it.
 *
 * <p>Belongs to the lane that it is attached to.
 */
public final class PacketPort implements CountedPort, Pollable, AutoCloseable {
    private static final int BURST = 64;
    private static final int USO = Offloads.USO4 | Offloads.USO6;
    private static final long LOOK_EVERY_NANOS = 250_000_000;

    private final String name;
    private final SenderWait wait;
    private final Consumer<String> trouble;
    private final PacketReader reader;
    private final PacketWriter writer;
    private final PortCounters counters = new PortCounters();
    private final Refusals refusals = new Refusals(counters);
    private final IncomingFrame incoming;

    private PacketSocket socket;
    private int accepts = Offloads.CSUM | Offloads.TSO4 | Offloads.TSO6 | Offloads.ECN | USO;

    private volatile boolean down;

    /** Whether a thread watches an interface that is down. */
    private volatile boolean watching;

    private boolean halted;
    private @Nullable Lane lane;
    private @Nullable FdHandle handle;
    private final PortStop stop;
    private volatile boolean closed;

    /**
     * Creates a port that is not started yet.
     *
     * @param name name for messages
     * @param socket socket on the interface; owned by the port from now on
     * @param sink destination of the interface's frames
     * @param engine engine that checks the virtio-net headers against the packets
     * @param clock clock in nanoseconds, from any origin
     * @param trouble receives a line when the interface is down or was removed, when it was joined again, when the port
     *     stops permanently, and when the kernel refuses a frame for a new reason; called by several threads
     */
    public PacketPort(
            String name,
            PacketSocket socket,
            FrameSink sink,
            OffloadEngine engine,
            LongSupplier clock,
            Consumer<String> trouble) {
        this.name = name;
        this.socket = socket;
        this.wait = new SenderWait(clock);
        this.trouble = trouble;
        this.stop = new PortStop(trouble);
        this.incoming = new IncomingFrame(this, counters, sink);
        this.reader = new PacketReader(socket.fd().number(), incoming, counters, engine);
        this.writer = new PacketWriter(socket.fd().number());
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
            handle = watch(to, socket);
            to.add(this);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static FdHandle watch(Lane to, PacketSocket socket) {
        return FdHandle.open(to.loop(), socket.fd(), FdHandle.READ_EDGE, events -> {
            // Nothing to do: the event only wakes the lane, whose next turn polls every port.
        });
    }

    /** Stops reading until {@link #proceed}. Frames are still written. Called by the lane's thread. */
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
    public PacketSocket socket() {
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
        incoming.hold(frame, reader.memory());
    }

    @Override
    public int poll() {
        if (stop.isStopped() || halted) {
            return 0;
        }
        int work = 0;
        int result = IncomingFrame.MOVED;
        while (work < BURST && result == IncomingFrame.MOVED) {
            result = reader.read();
            if (result == IncomingFrame.MOVED) {
                work++;
            }
        }
        if (work != 0) {
            down = false;
        }
        incoming.flush();
        if (result == IncomingFrame.GONE) {
            isDown();
            // The error was reported; the next turn reads frames after it, if any.
            work++;
        }
        return work;
    }

    /** Reports once that the interface is down. If it was removed, starts to search for an interface of the same name. */
    private void isDown() {
        if (down) {
            return;
        }
        down = true;
        PacketSocket lost = socket;
        boolean there = lost.isBound();
        if (there) {
            trouble.accept("interface " + lost.ifname() + " is down; frames for it are dropped");
        } else {
            removed(lost);
        }
        if (watching) {
            return;
        }
        watching = true;
        // Created by the lane's thread, so that it has the same network namespace. A separate thread, because bind(2)
        // may wait for the kernel's network configuration.
        ControlThread.start("vhost4j-packet-" + lost.ifname(), () -> {
            try {
                untilUp(lost, there);
            } catch (IllegalStateException e) {
                // The socket was closed meanwhile.
                down = false;
            } finally {
                watching = false;
            }
        });
    }

    private void removed(PacketSocket lost) {
        trouble.accept(
                "interface " + lost.ifname() + " was removed; it is joined again when there is one of that name");
    }

    /**
     * Waits until the interface is up, or another interface of its name was joined. An interface that is down and then removed is not
     * reported again.
     */
    private void untilUp(PacketSocket lost, boolean wasThere) {
        boolean there = wasThere;
        String lastReason = "";
        while (!closed) {
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
            if (closed || (there && !down)) {
                return;
            }
            if (there && !lost.isBound()) {
                there = false;
                removed(lost);
            }
            if (there || !lost.exists()) {
                continue;
            }
            try {
                lost.bind();
                down = false;
                trouble.accept("interface " + lost.ifname() + " exists again and was joined");
                return;
            } catch (SystemError e) {
                String reason = String.valueOf(e.getMessage());
                if (!closed && !reason.equals(lastReason)) {
                    trouble.accept(reason);
                    lastReason = reason;
                }
            }
        }
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

    @Override
    public int accepts() {
        return accepts;
    }

    @Override
    public int deliver(Frame frame) {
        if (stop.isStopped()) {
            counters.drop(PortDrop.STOPPED);
            return REFUSED;
        }
        int errno = writer.write(frame);
        if (errno == Errno.ENETDOWN) {
            // May be a pending error of the socket, which the kernel returns instead of this call's own result.
            errno = writer.write(frame);
        }
        if (errno != 0) {
            return failed(frame, errno);
        }
        down = false;
        wait.taken(frame.bytes);
        counters.out(frame.bytes, frame.gsoType != Frame.GSO_NONE);
        return DELIVERED;
    }

    private int failed(Frame frame, int errno) {
        if (errno == Errno.EAGAIN) {
            if (wait.mayWait()) {
                return NO_ROOM;
            }
        } else if (errno == Errno.EINVAL && frame.gsoType == Frame.GSO_UDP_L4 && (accepts & USO) != 0) {
            // A kernel before 6.2. The frame is offered again, and then segmented.
            accepts &= ~USO;
            return NO_ROOM;
        } else if (errno == Errno.ENETDOWN || errno == Errno.ENXIO || errno == Errno.ENODEV) {
            isDown();
            counters.drop(PortDrop.DOWN);
            return REFUSED;
        }
        if (refusals.count(errno)) {
            trouble.accept(
                    errno == Errno.EMSGSIZE
                            ? "a frame of " + frame.bytes + " bytes is longer than the interface's MTU allows"
                            : errno == Errno.EAGAIN
                                    ? "the interface does not send; frames for it are dropped"
                                    : String.valueOf(
                                            new SystemError("the kernel refuses a frame", errno).getMessage()));
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

    /** Leaves the lane and closes the socket; later calls do nothing. Called by the lane's thread, or when the lane is closed. */
    @Override
    public void close() {
        closed = true;
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
        socket.close();
    }
}
