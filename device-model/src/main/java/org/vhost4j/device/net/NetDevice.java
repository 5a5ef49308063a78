// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.memory.HostMemory;
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
    /** Frames that one queue may send in one turn. */
    private static final int BURST = 64;
    /** How long frames may wait for a guest that posts no buffers, before they are dropped until it does: 50 ms. */
    private static final long PATIENCE_NANOS = 50_000_000;

    private final NetDeviceConfig config;
    private final NetConfigSpace configSpace;
    private final FrameSink sink;
    private final OffloadEngine engine;
    private final Runnable checkpoint;
    private final DeviceOwner owner;
    private final Counters counters = new Counters();
    private final ReceiveFilter filter = new ReceiveFilter();
    private final FlowTable flows = new FlowTable();
    private final @Nullable RxQueue[] rx;
    private final @Nullable TxQueue[] tx;
    private @Nullable ControlQueue control;

    private long features;
    private int headerBytes = NetHeader.LEGACY_BYTES;
    private int accepts;
    private int mayUse;
    private int pairs;
    private int running;
    private @Nullable String stoppedReason;

    private @Nullable RxQueue reserved;
    private long fullSince;
    private boolean full;

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
        this.configSpace = new NetConfigSpace(config.mac(), config.maxPairs(), config.mtu());
        this.sink = sink;
        this.engine = engine;
        this.checkpoint = checkpoint;
        this.owner = owner;
        this.rx = new RxQueue[config.maxPairs()];
        this.tx = new TxQueue[config.maxPairs()];
        this.pairs = config.maxPairs();
    }

    // ---- control: called between bursts
    // -------------------------------------------------------------------------------

    /**
     * Takes the features that the driver acknowledged. Queues started before keep the ring format that they began with.
     *
     * @param acknowledged a feature word, a subset of what was offered
     */
    public void features(long acknowledged) {
        features = acknowledged;
        headerBytes = negotiated(Feature.VERSION_1) || negotiated(Feature.MRG_RXBUF)
                ? NetHeader.BYTES
                : NetHeader.LEGACY_BYTES;
        pairs = ownsControlQueue() && negotiated(Feature.MQ) ? 1 : config.maxPairs();
        configSpace.macWritable(!negotiated(Feature.VERSION_1));
        filter.reset(negotiated(Feature.CTRL_VLAN));
        flows.clear();
        mayUse = mask(features, Feature.CSUM, Offloads.CSUM)
                | mask(features, Feature.HOST_TSO4, Offloads.TSO4)
                | mask(features, Feature.HOST_TSO6, Offloads.TSO6)
                | mask(features, Feature.HOST_ECN, Offloads.ECN)
                | mask(features, Feature.HOST_USO, Offloads.USO4 | Offloads.USO6);
        accept(acknowledged);
    }

    private void accept(long guestOffloads) {
        accepts = mask(guestOffloads, Feature.GUEST_CSUM, Offloads.CSUM)
                | mask(guestOffloads, Feature.GUEST_TSO4, Offloads.TSO4)
                | mask(guestOffloads, Feature.GUEST_TSO6, Offloads.TSO6)
                | mask(guestOffloads, Feature.GUEST_ECN, Offloads.ECN)
                | mask(guestOffloads, Feature.GUEST_USO4, Offloads.USO4)
                | mask(guestOffloads, Feature.GUEST_USO6, Offloads.USO6);
        if ((accepts & Offloads.CSUM) == 0) {
            // Every super-frame has a partial checksum, so without that there are none.
            accepts = 0;
        }
        owner.offloadsChanged(accepts);
    }

    private static int mask(long word, Feature feature, int offload) {
        return feature.in(word) ? offload : 0;
    }

    /**
     * Whether the driver acknowledged a feature.
     *
     * @param feature the feature
     * @return true when it was negotiated
     */
    public boolean negotiated(Feature feature) {
        return feature.in(features);
    }

    private boolean ownsControlQueue() {
        return negotiated(Feature.CTRL_VQ);
    }

    /**
     * Which queue is the control queue.
     *
     * @return its index, or -1 when the driver did not negotiate one with this device
     */
    public int controlQueueIndex() {
        if (!ownsControlQueue()) {
            return -1;
        }
        return negotiated(Feature.MQ) ? 2 * config.maxPairs() : 2;
    }

    /**
     * Begins to work on a queue.
     *
     * @param index the virtqueue's index
     * @param queue the queue, over rings that are mapped
     * @param notifier interrupts the guest for this queue
     * @param enabled whether it is enabled already
     */
    public void start(int index, Virtqueue queue, GuestNotifier notifier, boolean enabled) {
        if (index == controlQueueIndex()) {
            control = new ControlQueue(this, queue, notifier);
        } else if ((index & 1) == 0) {
            rx[index / 2] = new RxQueue(queue, notifier, enabled, negotiated(Feature.MRG_RXBUF), headerBytes);
        } else {
            tx[index / 2] = new TxQueue(queue, notifier, enabled, headerBytes);
        }
        queue.disableNotifications();
        full = false;
        running++;
    }

    /**
     * Stops work on a queue. What was used is published; a frame that waits for room goes back into the ring.
     *
     * @param index the virtqueue's index
     */
    public void stop(int index) {
        if (control != null && index == controlQueueIndex()) {
            control = null;
        } else if ((index & 1) == 0) {
            RxQueue queue = rx[index / 2];
            rx[index / 2] = null;
            if (queue != null && stoppedReason == null) {
                publish(queue.queue, queue.notifier);
            }
        } else {
            TxQueue queue = tx[index / 2];
            tx[index / 2] = null;
            if (queue != null && stoppedReason == null) {
                queue.unpark();
                publish(queue.queue, queue.notifier);
            }
        }
        if (--running == 0) {
            stoppedReason = null;
        }
    }

    /**
     * Enables or disables a started queue.
     *
     * @param index the virtqueue's index
     * @param on whether frames move
     */
    public void enable(int index, boolean on) {
        RxQueue receive = (index & 1) == 0 ? rx[index / 2] : null;
        TxQueue transmit = (index & 1) == 1 ? tx[index / 2] : null;
        if (receive != null) {
            receive.enabled = on;
        } else if (transmit != null) {
            transmit.enabled = on;
        }
    }

    /**
     * Replaces the interrupt of a started queue and raises it once, because the driver may have missed one on the old.
     *
     * @param index the virtqueue's index
     * @param notifier the new one
     */
    public void notifier(int index, GuestNotifier notifier) {
        if (control != null && index == controlQueueIndex()) {
            control.notifier = notifier;
        } else if ((index & 1) == 0) {
            RxQueue queue = rx[index / 2];
            if (queue != null) {
                queue.notifier = notifier;
            }
        } else {
            TxQueue queue = tx[index / 2];
            if (queue != null) {
                queue.notifier = notifier;
            }
        }
        notifier.signal();
    }

    /** Forgets what the driver negotiated, as after a reset. All queues are stopped already. */
    public void reset() {
        features(0);
        configSpace.setMac(config.mac());
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
        return features;
    }

    /**
     * Why the device stopped.
     *
     * @return the reason, or null while it works
     */
    public @Nullable String stoppedReason() {
        return stoppedReason;
    }

    ReceiveFilter filter() {
        return filter;
    }

    /** CTRL_MQ: how many pairs the driver uses from now on. */
    boolean queuePairs(int wanted) {
        if (wanted < 1 || wanted > config.maxPairs()) {
            return false;
        }
        pairs = wanted;
        return true;
    }

    /** CTRL_GUEST_OFFLOADS: which of the negotiated receive offloads are on. */
    boolean guestOffloads(long wanted) {
        if ((wanted & ~(features & GUEST_OFFLOADS)) != 0) {
            return false;
        }
        accept(wanted);
        return true;
    }

    private static final long GUEST_OFFLOADS = Feature.GUEST_CSUM.mask()
            | Feature.GUEST_TSO4.mask()
            | Feature.GUEST_TSO6.mask()
            | Feature.GUEST_ECN.mask()
            | Feature.GUEST_UFO.mask()
            | Feature.GUEST_USO4.mask()
            | Feature.GUEST_USO6.mask();

    // ---- the lane
    // -----------------------------------------------------------------------------------------------------

    @Override
    public String name() {
        return config.name();
    }

    @Override
    public int poll() {
        if (running == 0 || stoppedReason != null) {
            return 0;
        }
        try {
            int work = 0;
            for (int pair = 0; pair < tx.length; pair++) {
                TxQueue queue = tx[pair];
                if (queue != null) {
                    work += send(queue, pair);
                }
            }
            if (control != null) {
                work += serveControl(control);
            }
            return work;
        } catch (RingFault fault) {
            fault(fault.reason());
            return 0;
        }
    }

    private int send(TxQueue queue, int pair) {
        int work = 0;
        queue.recover();
        if (queue.parked) {
            work++;
            if (sink.forward(this, queue.frame) == NO_ROOM) {
                return work;
            }
            sent(queue, pair);
        }
        while (work < BURST) {
            int next = queue.next();
            if (next == TxQueue.EMPTY) {
                break;
            }
            work++;
            if (next == TxQueue.RUNT) {
                counters.increment(Counter.TX_BAD_HEADER);
            } else if (!queue.enabled) {
                counters.increment(Counter.TX_DISABLED);
                queue.done();
            } else if (engine.check(queue.frame, mayUse) != null) {
                counters.increment(Counter.TX_BAD_HEADER);
                queue.done();
            } else if (sink.forward(this, queue.frame) == NO_ROOM) {
                queue.parked = true;
                break;
            } else {
                sent(queue, pair);
            }
        }
        if (work != 0) {
            sink.flush();
            publish(queue.queue, queue.notifier);
        }
        return work;
    }

    private void sent(TxQueue queue, int pair) {
        Frame frame = queue.frame;
        counters.increment(Counter.TX_FRAMES);
        counters.add(Counter.TX_BYTES, frame.bytes);
        if (frame.flags != 0) {
            counters.increment(Counter.TX_PARTIAL_CHECKSUM);
            switch (frame.gsoType & ~Frame.GSO_ECN) {
                case Frame.GSO_TCPV4 -> counters.increment(Counter.TX_TCPV4);
                case Frame.GSO_TCPV6 -> counters.increment(Counter.TX_TCPV6);
                case Frame.GSO_UDP_L4 -> counters.increment(Counter.TX_UDP_L4);
                default -> {}
            }
        }
        if (tx.length > 1) {
            flows.sent(frame, pair);
        }
        queue.done();
    }

    private int serveControl(ControlQueue queue) {
        int work = 0;
        while (work < BURST && queue.next()) {
            work++;
        }
        if (work != 0) {
            publish(queue.queue, queue.notifier);
        }
        return work;
    }

    private void publish(Virtqueue queue, GuestNotifier notifier) {
        if (!queue.hasUnpublished()) {
            return;
        }
        // A fault of the memory below shows here at the latest, before the guest could see what came of it.
        checkpoint.run();
        if (queue.publish()) {
            counters.increment(Counter.INTERRUPTS);
            notifier.signal();
        }
    }

    @Override
    public boolean arm() {
        if (stoppedReason != null) {
            return false;
        }
        try {
            boolean work = false;
            for (int i = 0; i < tx.length; i++) {
                TxQueue send = tx[i];
                if (send != null) {
                    work |= send.queue.enableNotifications();
                }
                RxQueue receive = rx[i];
                if (receive != null && full) {
                    work |= receive.queue.enableNotificationsOfMore();
                }
            }
            if (control != null) {
                work |= control.queue.enableNotifications();
            }
            return work;
        } catch (RingFault fault) {
            fault(fault.reason());
            return false;
        }
    }

    @Override
    public void disarm() {
        for (int i = 0; i < tx.length; i++) {
            TxQueue send = tx[i];
            if (send != null) {
                send.queue.disableNotifications();
            }
            RxQueue receive = rx[i];
            if (receive != null) {
                receive.queue.disableNotifications();
            }
        }
        if (control != null) {
            control.queue.disableNotifications();
        }
    }

    @Override
    public boolean intact() {
        return running == 0 || stoppedReason != null || owner.memoryIntact();
    }

    @Override
    public void fault(String reason) {
        if (stoppedReason == null) {
            stoppedReason = reason;
            reserved = null;
            owner.stopped(reason);
        }
    }

    // ---- the port
    // -----------------------------------------------------------------------------------------------------

    @Override
    public int accepts() {
        return accepts;
    }

    @Override
    public int deliver(Frame frame) {
        RxQueue queue = queueFor(frame);
        if (queue == null) {
            counters.increment(Counter.RX_NOT_READY);
            return REFUSED;
        }
        if (!filter.promiscuous && !passesFilter(frame)) {
            counters.increment(Counter.RX_FILTERED);
            return REFUSED;
        }
        try {
            return switch (queue.deliver(frame)) {
                case RxQueue.ROOM -> {
                    received(frame, frame.bytes);
                    yield DELIVERED;
                }
                case RxQueue.EMPTY -> noRoom();
                default -> {
                    counters.increment(Counter.RX_TOO_LONG);
                    yield REFUSED;
                }
            };
        } catch (RingFault fault) {
            fault(fault.reason());
            return REFUSED;
        }
    }

    private void received(Frame frame, int bytes) {
        full = false;
        counters.increment(Counter.RX_FRAMES);
        counters.add(Counter.RX_BYTES, bytes);
        switch (frame.gsoType & ~Frame.GSO_ECN) {
            case Frame.GSO_TCPV4 -> counters.increment(Counter.RX_TCPV4);
            case Frame.GSO_TCPV6 -> counters.increment(Counter.RX_TCPV6);
            case Frame.GSO_UDP_L4 -> counters.increment(Counter.RX_UDP_L4);
            default -> {}
        }
    }

    /** No buffers: the sender waits for a while, and when that while is over its frames are dropped until there are some. */
    private int noRoom() {
        long now = System.nanoTime();
        if (!full) {
            full = true;
            fullSince = now;
        }
        if (now - fullSince < PATIENCE_NANOS) {
            return NO_ROOM;
        }
        counters.increment(Counter.RX_NO_BUFFER);
        return REFUSED;
    }

    private @Nullable RxQueue queueFor(Frame frame) {
        if (stoppedReason != null) {
            return null;
        }
        RxQueue first = rx[0];
        if (rx.length > 1 && pairs > 1) {
            int pair = flows.pairFor(frame);
            RxQueue queue = pair < pairs ? rx[pair] : null;
            if (queue != null && queue.enabled) {
                return queue;
            }
        }
        return first != null && first.enabled ? first : null;
    }

    private boolean passesFilter(Frame frame) {
        if (frame.length[0] < Frame.ETHERNET_HEADER + 2) {
            return true;
        }
        long at = frame.address[0];
        return filter.passes(
                HostMemory.getLongBE(at) >>> 16,
                HostMemory.getShortBE(at + 12),
                HostMemory.getShortBE(at + 14),
                configSpace.mac());
    }

    @Override
    public boolean reserve(Frame landing, int atLeast) {
        // Steering and filtering look at the frame, which is not there yet.
        RxQueue queue = rx[0];
        if (queue == null || !queue.enabled || stoppedReason != null || pairs > 1 || !filter.promiscuous) {
            return false;
        }
        try {
            if (queue.reserve(landing, atLeast) != RxQueue.ROOM) {
                return false;
            }
        } catch (RingFault fault) {
            fault(fault.reason());
            return false;
        }
        reserved = queue;
        return true;
    }

    @Override
    public void commit(Frame landing, int bytes) {
        RxQueue queue = reserved;
        reserved = null;
        if (queue == null) {
            throw new IllegalStateException("commit without reserve");
        }
        queue.commit(landing, bytes);
        if (bytes != 0) {
            received(landing, bytes);
        }
    }

    @Override
    public void flush() {
        if (stoppedReason != null) {
            return;
        }
        for (int i = 0; i < rx.length; i++) {
            RxQueue queue = rx[i];
            if (queue != null) {
                publish(queue.queue, queue.notifier);
            }
        }
    }
}
