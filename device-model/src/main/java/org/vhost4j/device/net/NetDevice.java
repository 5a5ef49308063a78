// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Budget;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.capture.FrameTap;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.memory.IotlbMiss;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.rate.RateMeter;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.device.steering.ReceiveSteering;

/**
 * The datapath of a virtio network device (virtio 1.4 section 5.1): the queues of one guest, which the device's lane
 * polls, and the port to which frames for the guest are delivered. The front-end's session and the operator control the
 * device through {@link DeviceControl}.
 *
 * <p>Queue 2n is a receive queue and queue 2n+1 a transmit queue, from the guest's point of view; the control queue
 * follows the last pair. A receive queue that is started but not enabled gets no frames, and the frames of such a
 * transmit queue are dropped, as vhost-user requires.
 */
public final class NetDevice implements LandingPort, Pollable {
    private final String name;
    private final DeviceOwner owner;
    private final DeviceState state;
    private final DeviceQueues queues;
    private final ReceivePath reception;
    private final SendPath transmission;
    private final DriverSettings driver;
    private final Counters counters;
    private final DeviceControl control;
    private final Budget commandBudget;

    /**
     * Creates a device without a driver.
     *
     * @param config configuration of the device
     * @param sink destination of the frames that the guest sends
     * @param engine checks the virtio-net headers of the guest's frames
     * @param checkpoint runs before used chains are published, so that a pending memory fault is raised before that
     * @param owner receives the device's events
     * @param commandBudget limit for the control commands that are executed in one turn of the lane, shared by all
     *     devices of the lane
     */
    public NetDevice(
            NetDeviceConfig config,
            FrameSink sink,
            OffloadEngine engine,
            Runnable checkpoint,
            DeviceOwner owner,
            Budget commandBudget) {
        this(config.name(), new DeviceState(config, checkpoint, owner), sink, engine, owner, commandBudget);
    }

    private NetDevice(
            String name,
            DeviceState state,
            FrameSink sink,
            OffloadEngine engine,
            DeviceOwner owner,
            Budget commandBudget) {
        this.commandBudget = commandBudget;
        this.name = name;
        this.owner = owner;
        this.state = state;
        this.queues = state.queues;
        this.reception = state.reception;
        this.driver = state.driver;
        this.counters = state.counters;
        this.control = new DeviceControl(state);
        this.transmission =
                new SendPath(this, sink, engine, driver.features, reception.steering, counters, state.clock);
    }

    /**
     * Creates a seat: the part of this device that processes the queue pairs which are started on another lane. Device
     * and seat share the config space, the queue statistics and the flow table. The counters of this device include
     * those of the seat; settings of the driver apply to both.
     *
     * @param config configuration of this device
     * @param first the pair of the seat that receives the frames of pairs that are not ready
     * @param sink destination, on that lane, of the frames that the guest sends
     * @param engine offload engine of that lane
     * @param checkpoint as for this device
     * @param seatOwner receives the seat's events
     * @param budget the {@code commandBudget} of that lane
     * @return the seat, for that lane
     */
    public NetDevice seat(
            NetDeviceConfig config,
            int first,
            FrameSink sink,
            OffloadEngine engine,
            Runnable checkpoint,
            DeviceOwner seatOwner,
            Budget budget) {
        return new NetDevice(
                name, new DeviceState(config, checkpoint, seatOwner, state, first), sink, engine, seatOwner, budget);
    }

    /**
     * Returns the steering on this lane, which chooses the queue pair of a frame for the guest.
     *
     * @return the steering
     */
    public ReceiveSteering steering() {
        return reception.steering;
    }

    /**
     * Returns the operations that control this device, for the front-end's session.
     *
     * @return always the same object
     */
    public DeviceControl control() {
        return control;
    }

    /**
     * Returns the counters of this device.
     *
     * @return always the same object
     */
    public Counters counters() {
        return counters;
    }

    /**
     * Starts or stops copying frames for a capture. Called by the lane.
     *
     * @param tap copies the frames that the guest sends and receives from now on; null to stop
     */
    public void tap(@Nullable FrameTap tap) {
        for (TxQueue queue : queues.tx) {
            if (queue != null) {
                queue.again = 0;
            }
        }
        transmission.tap = tap;
        reception.tap = tap;
    }

    /**
     * Sets the guest's rate limits. Frames from the guest that exceed its rate wait in its rings; frames to the guest
     * that exceed its rate are dropped and counted. Called by the lane.
     *
     * @param rates the limits from now on
     */
    public void rates(PortRates rates) {
        transmission.meter = RateMeter.of(rates.outbound(), state.clock);
        reception.meter = RateMeter.of(rates.inbound(), state.clock);
    }

    /**
     * Returns the reason why the device stopped because of a fault.
     *
     * @return the reason, in one line; null when the device has not stopped
     */
    public @Nullable String stoppedReason() {
        return state.stoppedReason;
    }

    // Methods that the lane calls.

    @Override
    public String name() {
        return name;
    }

    @Override
    public int poll() {
        if (queues.running() == 0 || state.stoppedReason != null || state.waiting) {
            return 0;
        }
        reception.releaseReservation();
        try {
            if (driver.moderations.any()) {
                queues.raiseDue();
            }
            int work = 0;
            TxQueue[] transmit = queues.tx;
            for (int pair = 0; pair < transmit.length; pair++) {
                TxQueue queue = transmit[pair];
                if (queue != null) {
                    work += transmission.send(queue, pair, state.linkUp);
                    state.publish(queue.queue, queue.interrupt);
                }
            }
            ControlQueue commands = queues.control;
            if (commands != null) {
                work += serveControl(commands);
            }
            return work;
        } catch (IotlbMiss | RingFault e) {
            interrupted(e);
            return 0;
        }
    }

    /** Suspends the device until a translation has arrived, and publishes the chains that were used so far. */
    private void waitFor(IotlbMiss miss) {
        state.waiting = true;
        publishAll();
        owner.translationMissing(miss.address(), miss.write());
    }

    /** Publishes the used chains of every queue. */
    private void publishAll() {
        flush();
        for (TxQueue queue : queues.tx) {
            if (queue != null) {
                state.publish(queue.queue, queue.interrupt);
            }
        }
        ControlQueue commands = queues.control;
        if (commands != null) {
            state.publish(commands.queue, commands.interrupt);
        }
    }

    private int serveControl(ControlQueue queue) {
        int work = 0;
        while (queue.queue.hasAvailable()) {
            work++;
            if (!commandBudget.remains()) {
                // There is more work: the lane must not sleep.
                break;
            }
            commandBudget.spend(queue.next());
        }
        if (work != 0) {
            state.publish(queue.queue, queue.interrupt);
        }
        return work;
    }

    @Override
    public boolean arm() {
        if (state.stoppedReason != null || state.waiting) {
            return false;
        }
        try {
            if (driver.moderations.any()) {
                // Raised now, because nothing would wake the sleeping lane when a delayed interrupt becomes due.
                queues.raiseHeld();
            }
            RateMeter limit = transmission.meter;
            boolean held = limit != null && state.linkUp && limit.allowance() <= 0;
            boolean work = queues.enableNotifications(reception.lacksBuffers(), held);
            if (limit != null && held) {
                owner.wakeAfter(limit.nanosToWait());
            }
            state.logWritten.signal();
            return work || state.mustPoll;
        } catch (RingFault e) {
            interrupted(e);
            return false;
        }
    }

    @Override
    public void disarm() {
        if (state.stoppedReason == null) {
            queues.disableNotifications();
        }
    }

    @Override
    public boolean intact() {
        return queues.running() == 0 || state.stoppedReason != null || owner.memoryIntact();
    }

    /** Stops the device. No ring is written afterwards, because the memory is unreliable. */
    @Override
    public void fault(String reason) {
        state.memoryLost = true;
        if (state.stoppedReason == null) {
            reception.abandon();
            stop(reason);
        }
    }

    private void stop(String reason) {
        state.stoppedReason = reason;
        owner.stopped(reason);
    }

    // Methods that senders of frames for the guest call.

    @Override
    public int accepts() {
        return driver.features.guestOffloads();
    }

    @Override
    public boolean countsSegments() {
        return driver.features.has(Feature.RSC_EXT);
    }

    /**
     * Returns whether the port accepts frames: the device has not stopped because of a fault, and its link is up. Every
     * method of the port checks this.
     */
    private boolean open() {
        return state.stoppedReason == null && state.linkUp;
    }

    /**
     * Handles an exception that ends a method of the port early. After an IOTLB miss the device waits for the
     * translation; after a ring fault it stops. In both cases the chains used before are published.
     *
     * @param cause a {@link IotlbMiss} or a {@link RingFault}
     */
    private void interrupted(RuntimeException cause) {
        if (cause instanceof IotlbMiss miss) {
            waitFor(miss);
        } else if (cause instanceof RingFault ringFault) {
            if (state.stoppedReason == null) {
                reception.releaseReservation();
                publishAll();
                stop(ringFault.reason());
            }
        } else {
            throw cause;
        }
    }

    @Override
    public int deliver(Frame frame) {
        if (!open()) {
            counters.increment(Counter.RX_NOT_READY);
            return REFUSED;
        }
        try {
            return reception.deliver(frame);
        } catch (IotlbMiss | RingFault e) {
            interrupted(e);
            return state.stoppedReason == null ? reception.awaitTranslation() : REFUSED;
        }
    }

    @Override
    public int deliver(FrameBurst frames, int from, int to) {
        if (!open()) {
            return 0;
        }
        try {
            return reception.deliver(frames, from, to);
        } catch (IotlbMiss | RingFault e) {
            interrupted(e);
            return 0;
        }
    }

    @Override
    public void dropped() {
        reception.dropped();
    }

    @Override
    public void lost(int frames) {
        reception.lost(frames);
    }

    @Override
    public boolean reserve(Frame landing, int atLeast) {
        if (!open()) {
            return false;
        }
        try {
            return reception.reserve(landing, atLeast);
        } catch (IotlbMiss | RingFault e) {
            interrupted(e);
            return false;
        }
    }

    @Override
    public boolean reserve(Frame landing, Frame frame) {
        if (!open()) {
            return false;
        }
        try {
            return reception.reserve(landing, frame);
        } catch (IotlbMiss | RingFault e) {
            interrupted(e);
            return false;
        }
    }

    @Override
    public boolean extend(Frame landing, int atLeast) {
        if (!open()) {
            return false;
        }
        try {
            return reception.extend(landing, atLeast);
        } catch (IotlbMiss | RingFault e) {
            interrupted(e);
            return false;
        }
    }

    /**
     * Delivers a reserved frame. If the link has gone down since the reservation, the frame is dropped and its buffers
     * stay available.
     */
    @Override
    public void commit(Frame landing, int bytes) {
        if (open()) {
            reception.commit(landing, bytes);
        } else if (reception.hasReservation()) {
            reception.releaseReservation();
            counters.add(Counter.RX_NOT_READY, bytes == 0 ? 0 : 1);
        }
    }

    @Override
    public void discard(Frame landing) {
        if (state.stoppedReason == null) {
            reception.releaseReservation();
        }
    }

    @Override
    public void flush() {
        if (state.stoppedReason != null) {
            return;
        }
        for (RxQueue queue : queues.rx) {
            if (queue != null) {
                state.publish(queue.queue, queue.interrupt);
            }
        }
    }
}
