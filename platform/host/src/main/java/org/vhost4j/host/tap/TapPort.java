// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.host.port.PortStop;
import org.vhost4j.sys.SystemError;

/**
 * A port to the host's network stack through one queue of a TAP. Frames are written without an intermediate copy. If there is only one
 * receiver, and it accepts all offloads that the TAP may use, frames are read directly into its receive buffers. Otherwise they are read
 * into a buffer and forwarded to the sink. One system call for each frame, no allocation.
 *
 * <p>Belongs to the lane that it is attached to.
 */
public final class TapPort implements CountedPort, Pollable, AutoCloseable {
    private static final int BURST = 64;

    private final String name;
    private TapDevice device;
    private final int accepts;
    private final FrameSink sink;
    private final PortCounters counters = new PortCounters();
    private final IncomingFrame incoming;
    private final TapReader reader;
    private final TapWriter writer;

    private volatile int receiveOffloads;
    private @Nullable Runnable whenRemoved;
    private @Nullable Lane lane;
    private @Nullable FdHandle handle;
    private final PortStop stop;

    /** Whether reading and changes of the TAP's settings are stopped until {@link #proceed}. */
    private boolean halted;

    /**
     * Creates a port that is not started yet.
     *
     * @param name name for messages
     * @param device the TAP; owned by the port from now on
     * @param accepts offloads that the kernel accepts from this program, a mask of {@link org.vhost4j.device.frame.Offloads}: always CSUM,
     *     TSO4, TSO6 and ECN; UFO, USO4 and USO6 if the probe found that this kernel accepts them; UDP_TUNNEL and UDP_TUNNEL_CSUM if it
     *     accepts them and {@link TapDevice#tunnels} was called
     * @param sink destination of the host's frames
     * @param engine engine that checks the virtio-net headers against the packets
     * @param trouble receives a line when the port stops permanently, and when the kernel refuses a frame for a new
     *     reason; called by the lane's thread
     */
    public TapPort(
            String name,
            TapDevice device,
            int accepts,
            FrameSink sink,
            OffloadEngine engine,
            Consumer<String> trouble) {
        this.name = name;
        this.device = device;
        this.accepts = accepts;
        this.sink = sink;
        this.stop = new PortStop(trouble);
        int fd = device.fd().number();
        this.incoming = new IncomingFrame(this, counters, sink);
        this.reader = new TapReader(fd, device.headerBytes(), incoming, counters, engine);
        this.writer = new TapWriter(fd, device.headerBytes(), counters, trouble);
    }

    /**
     * Attaches the port to its lane, which begins to exchange frames. Called by the lane's thread.
     *
     * @param to the lane that will own the port
     * @throws SystemError when the TAP cannot be watched; then the port is closed
     */
    public void attach(Lane to) {
        lane = to;
        try {
            handle = watch(to, device);
            to.add(this);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Attaches the port to its lane, and leaves the TAP to another process until {@link #proceed}. Called by the lane's thread.
     *
     * @param to the lane that will own the port
     * @param offloads offloads that the other process has set on the TAP
     * @throws SystemError when the TAP cannot be watched; then the port is closed
     */
    public void attachHalted(Lane to, int offloads) {
        halted = true;
        receiveOffloads = offloads;
        attach(to);
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

    /** Stops reading until {@link #proceed}. Frames are still written. Called by the lane's thread. */
    public void halt() {
        halted = true;
    }

    /** Continues after {@link #halt}. Called by the lane's thread. */
    public void proceed() {
        halted = false;
        if (!stop.isStopped()) {
            device.offloads(receiveOffloads);
        }
        Lane on = lane;
        if (on != null) {
            on.rearm();
        }
    }

    /**
     * Returns the TAP, which may be handed over to another process.
     *
     * @return the TAP, still owned by the port
     */
    public TapDevice device() {
        return device;
    }

    /**
     * Returns the frame that was read and waits for room at its receiver.
     *
     * @return a copy; null when there is none
     */
    public @Nullable HeldFrame held() {
        return incoming.held();
    }

    private static FdHandle watch(Lane to, TapDevice device) {
        return FdHandle.open(to.loop(), device.fd(), FdHandle.READ_EDGE, events -> {
            // Nothing to do: the event only wakes the lane, whose next turn polls every port.
        });
    }

    /**
     * Registers an action that runs when the interface is removed. Without it the port then stops permanently and reports that.
     *
     * @param task called by the lane's thread; it should arrange a call of {@link #rejoin}
     */
    public void whenRemoved(Runnable task) {
        whenRemoved = task;
    }

    /**
     * Replaces the TAP of a removed interface with another one. Counters continue. Called by the lane's thread.
     *
     * @param again a TAP with a header of the same length; owned by the port from now on
     * @return the previous TAP, for the caller to close on a thread that may block
     * @throws SystemError when the TAP cannot be watched; then nothing changes
     * @throws IllegalStateException when the port is closed
     */
    public TapDevice rejoin(TapDevice again) {
        Lane on = lane;
        FdHandle watched = handle;
        if (on == null || watched == null) {
            throw new IllegalStateException("port " + name + " is closed");
        }
        TapDevice before = device;
        FdHandle now = watch(on, again);
        watched.close();
        device = again;
        handle = now;
        reader.fd(again.fd().number());
        writer.fd(again.fd().number());
        stop.clear();
        on.rearm();
        return before;
    }

    /**
     * Returns the last value of {@link #receiveOffloads(int)}. Any thread may call it.
     *
     * @return a mask of {@link org.vhost4j.device.frame.Offloads}
     */
    public int receiveOffloads() {
        return receiveOffloads;
    }

    /**
     * Sets the offloads of frames that the host may deliver, after a guest has negotiated which offloads it accepts. If the port has
     * stopped, the setting is applied to the TAP that it rejoins. Called by the lane's thread.
     *
     * @param mask mask of {@link org.vhost4j.device.frame.Offloads}; see {@link TapDevice#settable}
     * @throws SystemError when the kernel does not support all of it; then nothing changes
     */
    public void receiveOffloads(int mask) {
        if (!stop.isStopped() && !halted) {
            device.offloads(mask);
        }
        receiveOffloads = mask;
    }

    @Override
    public int poll() {
        if (stop.isStopped() || halted) {
            return 0;
        }
        LandingPort receiver = sink.soleReceiver(this);
        if (receiver != null && (receiveOffloads & ~receiver.accepts()) != 0) {
            receiver = null;
        }
        int work = 0;
        int result = IncomingFrame.MOVED;
        while (work < BURST && result == IncomingFrame.MOVED) {
            result = reader.read(receiver);
            if (result == IncomingFrame.MOVED) {
                work++;
            }
        }
        if (work != 0 && receiver != null) {
            receiver.flush();
        }
        incoming.flush();
        if (result == IncomingFrame.GONE) {
            removed();
        }
        return work;
    }

    private void removed() {
        String reason = "interface " + device.name() + " was removed";
        Runnable task = whenRemoved;
        if (task == null) {
            fault(reason);
        } else {
            stop.pause(reason);
            task.run();
        }
    }

    @Override
    public boolean arm() {
        // Incoming frames are reported edge-triggered at any time. Room in a full TAP is not reported: then the lane
        // keeps trying.
        return writer.blocked();
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
            counters.drop(whenRemoved == null ? PortDrop.STOPPED : PortDrop.DOWN);
            return REFUSED;
        }
        return writer.write(frame);
    }

    @Override
    public void dropped() {
        writer.dropped();
    }

    /** Does nothing: {@link #deliver} has already passed every frame to the kernel. */
    @Override
    public void flush() {}

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
     * Returns the number of frames from the host that were copied through the port's buffer, because there were several receivers, or the
     * only one had too little room.
     *
     * @return the number since the start
     */
    public long framesCopied() {
        return reader.copied();
    }

    /** Leaves the lane and closes the TAP; later calls do nothing. Called by the lane's thread, or when the lane is closed. */
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
        device.close();
    }
}
