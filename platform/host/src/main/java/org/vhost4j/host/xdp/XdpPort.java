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
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.SystemError;

/**
 * One queue of a network interface by AF_XDP. Frames are plain in both directions: there is no header that could leave something to do. One
 * system call a burst, or none where the driver needs no wakeup; no allocation.
 *
 * <p>While the interface is down frames for it are dropped; after it was removed it is joined again when there is one of its name. A line
 * says so.
 *
 * <p>Belongs to the lane that it is attached to.
 */
public final class XdpPort implements CountedPort, Pollable, AutoCloseable {
    private static final int BURST = 64;
    private static final long LOOK_EVERY_NANOS = 250_000_000;
    /** What a frame may have above the MTU: an Ethernet header and one VLAN tag. */
    private static final int HEADER = Frame.ETHERNET_HEADER + 4;

    private final String name;
    private final FrameSink sink;
    private final Supplier<XdpSocket> open;
    private final LongSupplier clock;
    private final Consumer<String> trouble;
    private final PortCounters counters = new PortCounters();
    private final SenderWait wait;
    private final Object statistics = new Object();

    private XdpSocket socket;
    private XdpReader reader;
    private XdpWriter writer;
    private IncomingFrame incoming;

    /** What the socket counted of which {@link #counters} has been told. */
    private long kernelDrops;

    private int longest;
    private long nextLook;
    private boolean saidTooLong;
    private boolean saidFull;
    private boolean down;
    private boolean removed;
    private @Nullable Lane lane;
    private @Nullable FdHandle handle;
    private @Nullable FdHandle interfaceHandle;
    private volatile @Nullable String stoppedReason;
    private volatile boolean closed;

    /**
     * A port that is not at work yet.
     *
     * @param name what to call it in messages
     * @param open opens the socket: at once, and on a thread of its own when the interface was removed and is there again
     * @param sink where the interface's frames go
     * @param clock nanoseconds of any origin
     * @param trouble takes a line when the interface is down or was removed, when it was joined again, when the port stops for good, and
     *     when a frame is dropped for a reason that there was not before; called by several threads
     * @throws SystemError when the socket cannot be opened
     */
    public XdpPort(
            String name, Supplier<XdpSocket> open, FrameSink sink, LongSupplier clock, Consumer<String> trouble) {
        this.name = name;
        this.open = open;
        this.sink = sink;
        this.clock = clock;
        this.trouble = trouble;
        this.wait = new SenderWait(clock);
        this.socket = open.get();
        this.incoming = new IncomingFrame(this, counters, sink);
        this.reader = new XdpReader(socket, incoming, counters);
        this.writer = new XdpWriter(socket);
        this.longest = limit();
        trouble.accept(socket.notes());
    }

    private int limit() {
        return Math.min(writer.longest(), socket.on().mtu() + HEADER);
    }

    /**
     * Puts the port to work. Called by the lane's thread.
     *
     * @param to the lane that will own the port
     * @throws SystemError when the socket cannot be watched; then the port is closed
     */
    public void attach(Lane to) {
        lane = to;
        try {
            watch(to);
            to.add(this);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void watch(Lane to) {
        handle = FdHandle.open(to.loop(), socket.fd(), FdHandle.READ_EDGE, events -> {
            // Being awake is all that is wanted: the turn that follows polls every port.
        });
        interfaceHandle = FdHandle.open(to.loop(), socket.on().fd(), FdHandle.READ_EDGE, events -> look());
    }

    /** Something has happened to the interface. */
    private void look() {
        if (removed) {
            return;
        }
        if (!socket.on().isThere()) {
            isRemoved();
        } else if (!socket.on().isUp()) {
            isDown();
        }
    }

    private void isDown() {
        if (!down) {
            down = true;
            nextLook = clock.getAsLong() + LOOK_EVERY_NANOS;
            trouble.accept("interface " + socket.on().name() + " is down; frames for it are dropped");
        }
    }

    @Override
    public int poll() {
        if (stoppedReason != null || removed) {
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
            reader.flush();
        }
        incoming.flush();
        return work;
    }

    @Override
    public boolean arm() {
        if (removed || stoppedReason != null) {
            return false;
        }
        // Frames that come in are reported by edge at any time. That the kernel takes more frames again is not: then we
        // keep trying, but not with an interface that is down.
        if (writer.waits() && !down) {
            sent(writer.send());
        }
        return !down && (wait.isBlocked() || writer.waits());
    }

    @Override
    public void disarm() {}

    @Override
    public void fault(String reason) {
        if (stoppedReason == null) {
            stoppedReason = reason;
            trouble.accept("stopped: " + reason);
        }
    }

    @Override
    public String name() {
        return name;
    }

    /** Nothing: frames leave as they are on a wire. */
    @Override
    public int accepts() {
        return 0;
    }

    @Override
    public int deliver(Frame frame) {
        if (stoppedReason != null) {
            return refuse(PortDrop.STOPPED);
        }
        if (removed || (down && !isUpAgain())) {
            return refuse(PortDrop.DOWN);
        }
        if (frame.bytes > longest && isTooLong(frame.bytes)) {
            return refuse(PortDrop.TOO_LONG);
        }
        if (!writer.hasRoom(frame.bytes)) {
            sent(writer.flush());
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

    /** Looks at the interface at most four times a second. */
    private boolean mayLook() {
        long now = clock.getAsLong();
        if (nextLook != 0 && now - nextLook < 0) {
            return false;
        }
        nextLook = now + LOOK_EVERY_NANOS;
        return true;
    }

    private boolean isUpAgain() {
        if (mayLook() && socket.on().isUp()) {
            down = false;
        }
        return !down;
    }

    /** The MTU may have been raised. */
    private boolean isTooLong(int bytes) {
        if (mayLook()) {
            longest = limit();
        }
        if (bytes > longest && !saidTooLong) {
            saidTooLong = true;
            trouble.accept("a frame of " + bytes + " bytes is longer than the interface's MTU allows");
        }
        return bytes > longest;
    }

    /** What a call that sends has answered. */
    private void sent(int errno) {
        if (errno == 0 || errno == Errno.EAGAIN || errno == Errno.EBUSY || errno == Errno.ENOBUFS) {
            return;
        }
        if (!socket.on().isThere()) {
            isRemoved();
        } else if (errno == Errno.ENETDOWN) {
            isDown();
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
        if (!removed && stoppedReason == null) {
            sent(writer.flush());
        }
    }

    private void isRemoved() {
        Lane on = lane;
        if (removed || on == null) {
            return;
        }
        removed = true;
        String ifname = socket.on().name();
        trouble.accept("interface " + ifname + " was removed; it is joined again when there is one of that name");
        // Of the lane's thread: it has the same network namespace. Opening may wait for the kernel's configuration.
        ControlThread.start("vhost4j-xdp-" + ifname, () -> join(on, ifname));
    }

    private void join(Lane on, String ifname) {
        String lastReason = "";
        while (!closed) {
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
            try {
                XdpSocket next = open.get();
                if (adopted(on, next)) {
                    trouble.accept("interface " + ifname + " is there again and was joined");
                }
                return;
            } catch (SystemError e) {
                String reason = String.valueOf(e.getMessage());
                if (!closed && e.errno() != Errno.ENODEV && !reason.equals(lastReason)) {
                    trouble.accept(reason);
                    lastReason = reason;
                }
            }
        }
    }

    /** Has the lane continue with another socket; false when the port is closed. */
    private boolean adopted(Lane on, XdpSocket next) {
        try {
            return on.submit(() -> adopt(on, next)).join();
        } catch (CompletionException | IllegalStateException e) {
            next.close();
            if (!closed) {
                trouble.accept("interface " + next.on().name() + " cannot be joined: " + e.getMessage());
            }
            return false;
        }
    }

    private boolean adopt(Lane on, XdpSocket next) {
        if (closed) {
            next.close();
            return false;
        }
        release();
        synchronized (statistics) {
            socket = next;
            kernelDrops = 0;
        }
        // A frame that waited was in the memory of the socket of before.
        incoming = new IncomingFrame(this, counters, sink);
        reader = new XdpReader(next, incoming, counters);
        writer = new XdpWriter(next);
        longest = limit();
        watch(on);
        down = false;
        removed = false;
        on.rearm();
        return true;
    }

    /** Closes the socket, of which the kernel's count is taken first. */
    private void release() {
        unwatch(handle);
        handle = null;
        unwatch(interfaceHandle);
        interfaceHandle = null;
        synchronized (statistics) {
            countKernelDrops();
            socket.close();
        }
    }

    private static void unwatch(@Nullable FdHandle watched) {
        if (watched != null) {
            watched.close();
        }
    }

    private void countKernelDrops() {
        if (socket.fd().isOpen()) {
            long now = socket.droppedByKernel();
            if (now > kernelDrops) {
                counters.drop(PortDrop.NO_BUFFER, now - kernelDrops);
                kernelDrops = now;
            }
        }
    }

    /** Asks the kernel for what it dropped; any thread. */
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
        // The memory of rings is gone with the socket: nothing is to touch it.
        removed = true;
        release();
    }
}
