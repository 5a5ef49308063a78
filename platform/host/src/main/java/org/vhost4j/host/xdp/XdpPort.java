// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.SenderWait;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.host.port.PortStop;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.SystemError;

/**
 * A port to one queue of a network interface through an AF_XDP socket. Frames are plain in both directions, because there is no virtio-net
 * header. One system call for each burst, or none if the driver needs no wakeup; no allocation.
 *
 * <p>While the interface is down, frames for it are dropped. After the interface was removed, the port joins an interface of the same name
 * when it exists. Both are reported in one line. A queue can have only one AF_XDP socket, so a port that takes over from another process
 * joins after that process has closed its socket.
 *
 * <p>Belongs to the lane that it is attached to.
 */
public final class XdpPort implements CountedPort, Pollable, AutoCloseable {
    private static final int BURST = 64;
    private static final long LOOK_EVERY_NANOS = 250_000_000;

    /** Interval in nanoseconds between attempts to open a queue that another process is about to release. */
    private static final long ASK_EVERY_NANOS = 10_000_000;

    private static final long PATIENCE_NANOS = 5_000_000_000L;

    /** Number of bytes that a frame may exceed the MTU: an Ethernet header and one VLAN tag. */
    private static final int HEADER = Frame.ETHERNET_HEADER + 4;

    private final String name;
    private final FrameSink sink;
    private final Supplier<XdpSocket> open;
    private final LongSupplier clock;
    private final Consumer<String> trouble;
    private final PortCounters counters = new PortCounters();
    private final SenderWait wait;
    private final Object statistics = new Object();

    /** Null until the interface is joined for the first time. */
    private @Nullable Joined joined;

    /** The part of the socket's drop count that is already added to {@link #counters}. */
    private long kernelDrops;

    private int longest;
    private long nextLook;
    private boolean saidTooLong;
    private boolean saidFull;
    private boolean down;

    /** Whether the interface was removed, or not joined yet. */
    private boolean removed;

    private boolean halted;
    private @Nullable Lane lane;
    private @Nullable FdHandle handle;
    private @Nullable FdHandle interfaceHandle;
    private final PortStop stop;
    private volatile boolean closed;

    /** The socket of a joined interface, with its reader and writer. */
    private record Joined(XdpSocket socket, XdpReader reader, XdpWriter writer, IncomingFrame incoming) {
        int limit() {
            return Math.min(writer.longest(), socket.on().mtu() + HEADER);
        }
    }

    /**
     * Creates a port that is not started yet.
     *
     * @param name name for messages
     * @param open opens the socket: called at once, and by a separate thread when the interface was removed and exists again
     * @param sink destination of the interface's frames
     * @param clock clock in nanoseconds, from any origin
     * @param trouble receives a line when the interface is down or was removed, when it was joined again, when the port
     *     stops permanently, and when a frame is dropped for a new reason; called by several threads
     * @throws SystemError when the socket cannot be opened
     */
    public XdpPort(
            String name, Supplier<XdpSocket> open, FrameSink sink, LongSupplier clock, Consumer<String> trouble) {
        this(name, open, sink, clock, trouble, false);
    }

    private XdpPort(
            String name,
            Supplier<XdpSocket> open,
            FrameSink sink,
            LongSupplier clock,
            Consumer<String> trouble,
            boolean later) {
        this.name = name;
        this.open = open;
        this.sink = sink;
        this.clock = clock;
        this.trouble = trouble;
        this.stop = new PortStop(trouble);
        this.wait = new SenderWait(clock);
        if (later) {
            removed = true;
            halted = true;
        } else {
            XdpSocket first = open.get();
            Joined now = join(first);
            joined = now;
            longest = now.limit();
            trouble.accept(first.notes());
        }
    }

    /**
     * Creates a port for a queue on which another process still has a socket. It is {@linkplain #halt halted}, and joins the interface in
     * {@linkplain #proceed proceed}.
     *
     * @param name name for messages
     * @param open opens the socket
     * @param sink destination of the interface's frames
     * @param clock clock in nanoseconds, from any origin
     * @param trouble receives lines, as for other ports
     * @return the port
     */
    public static XdpPort later(
            String name, Supplier<XdpSocket> open, FrameSink sink, LongSupplier clock, Consumer<String> trouble) {
        return new XdpPort(name, open, sink, clock, trouble, true);
    }

    private Joined join(XdpSocket socket) {
        IncomingFrame incoming = new IncomingFrame(this, counters, sink);
        return new Joined(socket, new XdpReader(socket, incoming, counters), new XdpWriter(socket), incoming);
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
            Joined now = joined;
            if (now != null) {
                watch(to, now.socket);
            }
            to.add(this);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Forwards no frame until {@link #proceed}. Called by the lane's thread. */
    public void halt() {
        halted = true;
    }

    /**
     * Continues after {@link #halt}; joins the interface if it was not joined yet. Called by the lane's thread.
     *
     * @param ifname the interface's name
     */
    public void proceed(String ifname) {
        halted = false;
        Lane on = lane;
        if (joined == null && on != null) {
            ControlThread.start("vhost4j-xdp-" + ifname, () -> join(on, ifname, true));
        } else if (on != null) {
            on.rearm();
        }
    }

    private void watch(Lane to, XdpSocket socket) {
        handle = FdHandle.open(to.loop(), socket.fd(), FdHandle.READ_EDGE, events -> {
            // Nothing to do: the event only wakes the lane, whose next turn polls every port.
        });
        interfaceHandle = FdHandle.open(to.loop(), socket.on().fd(), FdHandle.READ_EDGE, events -> look());
    }

    /** Checks the interface after an event. */
    private void look() {
        Joined now = joined;
        if (removed || now == null) {
            return;
        }
        if (!now.socket.on().isThere()) {
            isRemoved(now.socket);
        } else if (!now.socket.on().isUp()) {
            isDown(now.socket);
        }
    }

    private void isDown(XdpSocket socket) {
        if (!down) {
            down = true;
            nextLook = clock.getAsLong() + LOOK_EVERY_NANOS;
            trouble.accept("interface " + socket.on().name() + " is down; frames for it are dropped");
        }
    }

    @Override
    public int poll() {
        Joined now = joined;
        if (now == null || stop.isStopped() || removed || halted) {
            return 0;
        }
        int work = 0;
        int result = IncomingFrame.MOVED;
        while (work < BURST && result == IncomingFrame.MOVED) {
            result = now.reader.read();
            if (result == IncomingFrame.MOVED) {
                work++;
            }
        }
        if (work != 0) {
            now.reader.flush();
        }
        now.incoming.flush();
        return work;
    }

    @Override
    public boolean arm() {
        Joined now = joined;
        if (now == null || removed || stop.isStopped()) {
            return false;
        }
        // Incoming frames are reported edge-triggered at any time. Room in the TX ring is not reported: then the lane
        // keeps trying, except while the interface is down.
        if (now.writer.waits() && !down) {
            sent(now.socket, now.writer.send());
        }
        return !down && (wait.isBlocked() || now.writer.waits());
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

    /** Returns no offloads: frames are sent plain with complete checksums. */
    @Override
    public int accepts() {
        return 0;
    }

    @Override
    public int deliver(Frame frame) {
        if (stop.isStopped()) {
            return refuse(PortDrop.STOPPED);
        }
        Joined now = joined;
        if (now == null || removed || (down && !isUpAgain(now.socket))) {
            return refuse(PortDrop.DOWN);
        }
        if (frame.bytes > longest && isTooLong(now, frame.bytes)) {
            return refuse(PortDrop.TOO_LONG);
        }
        XdpWriter writer = now.writer;
        if (!writer.hasRoom(frame.bytes)) {
            sent(now.socket, writer.flush());
            if (removed || down) {
                return refuse(PortDrop.DOWN);
            }
            if (!writer.hasRoom(frame.bytes)) {
                if (wait.mayWait()) {
                    return NO_ROOM;
                }
                if (!saidFull) {
                    saidFull = true;
                    trouble.accept("the interface does not send; frames for it are dropped");
                }
                return refuse(PortDrop.NO_ROOM);
            }
        }
        writer.write(frame);
        counters.out(frame.bytes, false);
        wait.taken(frame.bytes);
        return DELIVERED;
    }

    private int refuse(PortDrop reason) {
        counters.drop(reason);
        return REFUSED;
    }

    /** Returns whether the interface may be checked now: at most four times a second. */
    private boolean mayLook() {
        long now = clock.getAsLong();
        if (nextLook != 0 && now - nextLook < 0) {
            return false;
        }
        nextLook = now + LOOK_EVERY_NANOS;
        return true;
    }

    private boolean isUpAgain(XdpSocket socket) {
        if (mayLook() && socket.on().isUp()) {
            down = false;
        }
        return !down;
    }

    /** Returns whether a frame is too long; reads the MTU again, because it may have been raised. */
    private boolean isTooLong(Joined now, int bytes) {
        if (mayLook()) {
            longest = now.limit();
        }
        if (bytes > longest && !saidTooLong) {
            saidTooLong = true;
            trouble.accept("a frame of " + bytes + " bytes is longer than the interface's MTU allows");
        }
        return bytes > longest;
    }

    /** Handles the result of a call that sends frames. */
    private void sent(XdpSocket socket, int errno) {
        if (errno == 0 || errno == Errno.EAGAIN || errno == Errno.EBUSY || errno == Errno.ENOBUFS) {
            return;
        }
        if (!socket.on().isThere()) {
            isRemoved(socket);
        } else if (errno == Errno.ENETDOWN) {
            isDown(socket);
        } else {
            fault(String.valueOf(new SystemError("the kernel does not send", errno).getMessage()));
        }
    }

    @Override
    public void dropped() {
        wait.dropped();
        counters.drop(PortDrop.NO_ROOM);
    }

    @Override
    public void lost(int frames) {
        counters.drop(PortDrop.NO_ROOM, frames);
    }

    @Override
    public void flush() {
        Joined now = joined;
        if (now != null && !removed && !stop.isStopped()) {
            sent(now.socket, now.writer.flush());
        }
    }

    private void isRemoved(XdpSocket socket) {
        Lane on = lane;
        if (removed || on == null) {
            return;
        }
        removed = true;
        String ifname = socket.on().name();
        trouble.accept("interface " + ifname + " was removed; it is joined again when there is one of that name");
        // Created by the lane's thread, so that it has the same network namespace. A separate thread, because opening
        // may wait for the kernel's network configuration.
        ControlThread.start("vhost4j-xdp-" + ifname, () -> join(on, ifname, false));
    }

    /**
     * Tries to open the socket until the interface exists.
     *
     * @param busy whether another process still has the queue, and will release it soon
     */
    private void join(Lane on, String ifname, boolean busy) {
        String lastReason = "";
        long patientUntil = System.nanoTime() + PATIENCE_NANOS;
        while (!closed) {
            boolean patient = busy && System.nanoTime() - patientUntil < 0;
            LockSupport.parkNanos(patient ? ASK_EVERY_NANOS : LOOK_EVERY_NANOS);
            String reason;
            boolean expected = false;
            try {
                XdpSocket next = open.get();
                reason = adopted(on, next);
                if (reason.isEmpty()) {
                    trouble.accept(busy ? next.notes() : "interface " + ifname + " exists again and was joined");
                    return;
                }
            } catch (SystemError e) {
                reason = String.valueOf(e.getMessage());
                expected = e.errno() == Errno.ENODEV || (patient && e.errno() == Errno.EBUSY);
            }
            if (!closed && !expected && !reason.equals(lastReason)) {
                trouble.accept(reason);
                lastReason = reason;
            }
        }
    }

    /** Makes the lane use another socket from now on. Returns the reason why that fails, or an empty string. */
    private String adopted(Lane on, XdpSocket next) {
        try {
            return on.submit(() -> adopt(on, next)).join();
        } catch (CompletionException | IllegalStateException e) {
            next.close();
            return "interface " + next.on().name() + " cannot be joined: " + e.getMessage();
        }
    }

    private String adopt(Lane on, XdpSocket next) {
        if (closed) {
            next.close();
            return "the port is closed";
        }
        release();
        // A waiting frame was in the memory of the previous socket.
        Joined now = join(next);
        synchronized (statistics) {
            joined = now;
            kernelDrops = 0;
        }
        longest = now.limit();
        watch(on, next);
        down = false;
        removed = false;
        on.rearm();
        return "";
    }

    /** Reads the kernel's drop count and closes the socket. */
    private void release() {
        unwatch(handle);
        handle = null;
        unwatch(interfaceHandle);
        interfaceHandle = null;
        synchronized (statistics) {
            countKernelDrops();
            Joined last = joined;
            if (last != null) {
                last.socket.close();
            }
        }
    }

    private static void unwatch(@Nullable FdHandle watched) {
        if (watched != null) {
            watched.close();
        }
    }

    private void countKernelDrops() {
        Joined last = joined;
        if (last != null && last.socket.fd().isOpen()) {
            long now = last.socket.droppedByKernel();
            if (now > kernelDrops) {
                counters.drop(PortDrop.NO_BUFFER, now - kernelDrops);
                kernelDrops = now;
            }
        }
    }

    /** Returns the counters, including the frames that the kernel dropped. Any thread may call it. */
    @Override
    public PortCounters counters() {
        synchronized (statistics) {
            countKernelDrops();
        }
        return counters;
    }

    /** Leaves the lane and closes the socket; later calls do nothing. Called by the lane's thread, or when the lane is closed. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        Lane from = lane;
        if (from != null && from.inLane()) {
            from.remove(this);
        }
        lane = null;
        // The memory of the rings is unmapped with the socket and must not be accessed any more.
        removed = true;
        release();
    }
}
