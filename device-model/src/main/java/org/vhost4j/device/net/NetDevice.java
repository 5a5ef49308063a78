// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.memory.TranslationMiss;
import org.vhost4j.device.packet.OffloadEngine;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;

/**
 * A virtio network device (virtio 1.4 section 5.1): the queues of one guest, what it negotiated, and the port that frames
 * for the guest are handed to.
 *
 * <p>Queue 2n receives and queue 2n+1 transmits, in the guest's view; the control queue follows the last pair. A queue that
 * is started but not enabled receives nothing, and what it transmits is thrown away, as vhost-user wants it.
 */
public final class NetDevice implements NetPort {
    /** Control commands that are carried out in one turn. */
    private static final int BURST = 64;

    private final NetDeviceConfig config;
    private final NetConfigSpace configSpace;
    private final Runnable checkpoint;
    private final DeviceOwner owner;
    private final Counters counters = new Counters();
    private final DeviceQueues queues;
    private final ReceivePath reception;
    private final SendPath transmission;
    private final DriverSettings driver;
    private final ControlCommands commands;

    private boolean linkUp = true;

    /** Nothing is polled until the IOMMU's translations have changed. */
    private boolean waiting;

    /** A queue runs whose driver never notifies. */
    private boolean mustPoll;

    private @Nullable String stoppedReason;

    /**
     * A device without a driver.
     *
     * @param config what it is made with
     * @param sink where the guest's frames go
     * @param engine checks the guest's headers
     * @param checkpoint runs before anything is published; makes a pending memory fault appear
     * @param owner hears what happens
     */
    public NetDevice(
            NetDeviceConfig config, FrameSink sink, OffloadEngine engine, Runnable checkpoint, DeviceOwner owner) {
        this.config = config;
        this.configSpace = new NetConfigSpace(config.mac(), config.maxPairs(), config.mtu(), config.speed());
        this.checkpoint = checkpoint;
        this.owner = owner;
        this.queues = new DeviceQueues(config.maxPairs());
        this.reception = new ReceivePath(queues, configSpace, counters);
        this.driver = new DriverSettings(config, configSpace, queues, reception, owner);
        this.commands = new ControlCommands(driver);
        this.transmission = new SendPath(this, sink, engine, driver.features, reception.steering, counters);
    }

    // ---- control: called between bursts
    // -------------------------------------------------------------------------------

    /**
     * Takes the features that the driver acknowledged. No queue runs. The same features again, as after a pause, leave
     * everything as it is.
     *
     * @param acknowledged a feature word, a subset of what was offered
     */
    public void features(long acknowledged) {
        driver.acknowledge(acknowledged);
    }

    /** Forgets what the driver said on its control queue, because there is a new one with the same features. */
    public void newDriver() {
        driver.forget();
    }

    /**
     * Whether the driver acknowledged a feature.
     *
     * @param feature the feature
     * @return true when it was negotiated
     */
    public boolean negotiated(Feature feature) {
        return driver.features.has(feature);
    }

    /**
     * Whether a virtqueue exists with the features that were negotiated.
     *
     * @param index the virtqueue's index
     * @return true for the queues of all pairs and for the control queue
     */
    public boolean hasQueue(int index) {
        return queues.exist(index);
    }

    /**
     * Begins to work on a queue.
     *
     * @param index the virtqueue's index, of a queue that does not run
     * @param queue the queue, over rings that are mapped
     * @param notifier interrupts the guest for this queue
     * @param enabled whether it is enabled already
     * @param silent whether the driver never notifies, so that the queue has to be polled all the time
     */
    public void start(int index, Virtqueue queue, GuestNotifier notifier, boolean enabled, boolean silent) {
        int headerBytes = driver.features.headerBytes();
        QueueInterrupt interrupt = new QueueInterrupt(notifier, driver.statistics[index], counters);
        interrupt.moderate(driver.moderations.of(index));
        if (queues.isControl(index)) {
            queues.startControl(new ControlQueue(commands, queue, interrupt, counters));
        } else if (DeviceQueues.receives(index)) {
            queues.startReceive(
                    index,
                    new RxQueue(
                            queue,
                            interrupt,
                            enabled,
                            driver.features.has(Feature.MRG_RXBUF),
                            headerBytes,
                            countsSegments(),
                            reception.steering.hash));
        } else {
            queues.startTransmit(index, new TxQueue(queue, interrupt, enabled, headerBytes));
        }
        queue.disableNotifications();
        reception.full = false;
        mustPoll |= silent;
    }

    /**
     * Whether frames can move both ways.
     *
     * @return true when a receive and a transmit queue are started and enabled, the link is up, and the device has not stopped
     */
    public boolean ready() {
        return stoppedReason == null && linkUp && queues.ready();
    }

    /**
     * Stops work on a queue. What was used is published; a frame that waits for room goes back into the ring.
     *
     * @param index the virtqueue's index, of a queue that runs
     */
    public void stop(int index) {
        TxQueue transmit = queues.transmit(index);
        if (stoppedReason == null && transmit != null) {
            transmit.unpark();
        }
        settle(index);
        queues.remove(index);
        if (queues.running() == 0) {
            stoppedReason = null;
            mustPoll = false;
            waiting = false;
        }
    }

    /** Finishes what is under way on a queue, so that nothing is left to be done on its ring. */
    private void settle(int index) {
        if (stoppedReason != null) {
            return;
        }
        RxQueue receive = queues.receive(index);
        TxQueue transmit = queues.transmit(index);
        reception.settle();
        if (receive != null) {
            publish(receive.queue, receive.interrupt);
            receive.interrupt.release();
        } else if (transmit != null) {
            transmit.unread();
            publish(transmit.queue, transmit.interrupt);
            transmit.interrupt.release();
        }
    }

    /**
     * Leaves a queue alone whose ring is out of reach until {@link #resume}: what was used is published, a frame that waits for room goes
     * back into the ring, and frames for the guest wait with their senders. After this nobody touches the ring.
     *
     * @param index the virtqueue's index, of a queue that runs
     */
    public void suspend(int index) {
        settle(index);
        queues.withdraw(index);
    }

    /**
     * Goes on with a queue where {@link #suspend} left it: its ring is back in the same place.
     *
     * @param index the virtqueue's index, of a queue that is suspended
     */
    public void resume(int index) {
        queues.restore(index);
    }

    /**
     * Enables or disables a started queue.
     *
     * @param index the virtqueue's index
     * @param on whether frames move
     */
    public void enable(int index, boolean on) {
        queues.enable(index, on);
    }

    /**
     * Replaces the interrupt of a started queue and raises it once, because the driver may have missed one on the old.
     *
     * @param index the virtqueue's index
     * @param notifier the new one
     */
    public void notifier(int index, GuestNotifier notifier) {
        QueueInterrupt interrupt = queues.interrupt(index);
        if (interrupt != null) {
            interrupt.notifier(notifier);
        }
        notifier.signal();
    }

    /** Forgets what the driver negotiated, as after a reset. All queues are stopped already. */
    public void reset() {
        driver.reset();
    }

    /**
     * Counts a notification of the driver, for its statistics.
     *
     * @param index the virtqueue that it was for
     */
    public void notified(int index) {
        driver.statistics[index].notifications++;
    }

    /**
     * Sets the link up or down. While it is down no frame moves in either direction.
     *
     * @param up LINK_UP of the config space; whoever calls lets the driver know that it has changed
     */
    public void link(boolean up) {
        linkUp = up;
        configSpace.linkUp(up);
    }

    /**
     * Whether the link is up.
     *
     * @return what {@link #link} said last; true at the start, and whoever drives the device
     */
    public boolean linkUp() {
        return linkUp;
    }

    /**
     * Asks the driver to announce where it is (virtio 1.4 section 5.1.6.5.4).
     *
     * @return whether it can; then whoever calls lets it know that the config space has changed
     */
    public boolean askToAnnounce() {
        boolean can = negotiated(Feature.GUEST_ANNOUNCE) && negotiated(Feature.STATUS) && negotiated(Feature.CTRL_VQ);
        if (can) {
            configSpace.announce(true);
        }
        return can;
    }

    /**
     * The config space.
     *
     * @return the one of this device
     */
    public NetConfigSpace config() {
        return configSpace;
    }

    /**
     * What this device counts.
     *
     * @return its counters
     */
    public Counters counters() {
        return counters;
    }

    /**
     * The features that the driver acknowledged.
     *
     * @return a feature word
     */
    public long features() {
        return driver.features.word();
    }

    /**
     * Why the device stopped.
     *
     * @return the reason, or null while it works
     */
    public @Nullable String stoppedReason() {
        return stoppedReason;
    }

    /** What the driver has said. */
    DriverSettings driver() {
        return driver;
    }

    // ---- the lane
    // -----------------------------------------------------------------------------------------------------

    @Override
    public String name() {
        return config.name();
    }

    @Override
    public int poll() {
        if (queues.running() == 0 || stoppedReason != null || waiting) {
            return 0;
        }
        reception.settle();
        try {
            if (driver.moderations.any()) {
                queues.turn();
            }
            int work = 0;
            TxQueue[] transmit = queues.tx;
            for (int pair = 0; pair < transmit.length; pair++) {
                TxQueue queue = transmit[pair];
                if (queue != null) {
                    work += transmission.send(queue, pair, linkUp);
                    publish(queue.queue, queue.interrupt);
                }
            }
            ControlQueue commands = queues.control;
            if (commands != null) {
                work += serveControl(commands);
            }
            return work;
        } catch (TranslationMiss miss) {
            return waitFor(miss);
        } catch (RingFault fault) {
            fault(fault.reason());
            return 0;
        }
    }

    /** Work stands still until the translation has come; what was done so far is published. */
    private int waitFor(TranslationMiss miss) {
        waiting = true;
        flush();
        for (TxQueue queue : queues.tx) {
            if (queue != null) {
                publish(queue.queue, queue.interrupt);
            }
        }
        ControlQueue commands = queues.control;
        if (commands != null) {
            publish(commands.queue, commands.interrupt);
        }
        owner.translationMissing(miss.address(), miss.write());
        return 0;
    }

    /**
     * What can be reached behind the IOMMU has changed. Frames that wait for room are read from their rings again, so that no address of
     * before is used any more.
     */
    public void translationsChanged() {
        waiting = false;
        if (stoppedReason == null) {
            reception.settle();
            for (TxQueue queue : queues.tx) {
                if (queue != null) {
                    queue.unread();
                }
            }
        }
    }

    private int serveControl(ControlQueue queue) {
        int work = 0;
        while (work < BURST && queue.next()) {
            work++;
        }
        if (work != 0) {
            publish(queue.queue, queue.interrupt);
        }
        return work;
    }

    private void publish(Virtqueue queue, QueueInterrupt interrupt) {
        if (!queue.hasUnpublished()) {
            return;
        }
        // A fault of the memory below shows here at the latest, before the guest could see what came of it.
        checkpoint.run();
        interrupt.published(queue.publish());
    }

    @Override
    public boolean arm() {
        if (stoppedReason != null || waiting) {
            return false;
        }
        try {
            if (driver.moderations.any()) {
                // Nothing wakes a sleeping lane for an interrupt that is due.
                queues.release();
            }
            boolean work = queues.enableNotifications(reception.full);
            return work || mustPoll;
        } catch (RingFault fault) {
            fault(fault.reason());
            return false;
        }
    }

    @Override
    public void disarm() {
        if (stoppedReason == null) {
            queues.disableNotifications();
        }
    }

    @Override
    public boolean intact() {
        return queues.running() == 0 || stoppedReason != null || owner.memoryIntact();
    }

    @Override
    public void fault(String reason) {
        if (stoppedReason == null) {
            stoppedReason = reason;
            reception.abandon();
            owner.stopped(reason);
        }
    }

    // ---- the port
    // -----------------------------------------------------------------------------------------------------

    @Override
    public int accepts() {
        return driver.features.accepts();
    }

    @Override
    public boolean countsSegments() {
        return driver.features.has(Feature.RSC_EXT);
    }

    @Override
    public int deliver(Frame frame) {
        if (stoppedReason != null || !linkUp) {
            counters.increment(Counter.RX_NOT_READY);
            return REFUSED;
        }
        try {
            return reception.deliver(frame);
        } catch (TranslationMiss miss) {
            int unused = waitFor(miss);
            return reception.awaitTranslation();
        } catch (RingFault fault) {
            fault(fault.reason());
            return REFUSED;
        }
    }

    @Override
    public boolean reserve(Frame landing, int atLeast) {
        if (stoppedReason != null || !linkUp) {
            return false;
        }
        try {
            return reception.reserve(landing, atLeast);
        } catch (TranslationMiss miss) {
            int unused = waitFor(miss);
            return false;
        } catch (RingFault fault) {
            fault(fault.reason());
            return false;
        }
    }

    @Override
    public boolean reserve(Frame landing, Frame frame) {
        if (stoppedReason != null) {
            return false;
        }
        try {
            return reception.reserve(landing, frame);
        } catch (TranslationMiss miss) {
            int unused = waitFor(miss);
            return false;
        } catch (RingFault fault) {
            fault(fault.reason());
            return false;
        }
    }

    @Override
    public boolean extend(Frame landing, int atLeast) {
        if (stoppedReason != null) {
            return false;
        }
        try {
            return reception.extend(landing, atLeast);
        } catch (RingFault fault) {
            fault(fault.reason());
            return false;
        }
    }

    @Override
    public void commit(Frame landing, int bytes) {
        reception.commit(landing, bytes);
    }

    @Override
    public void flush() {
        if (stoppedReason != null) {
            return;
        }
        for (RxQueue queue : queues.rx) {
            if (queue != null) {
                publish(queue.queue, queue.interrupt);
            }
        }
    }
}
