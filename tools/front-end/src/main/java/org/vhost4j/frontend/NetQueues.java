// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * The queues of a network driver and their memory: lays them out as negotiated, shares them with the back-end, starts and stops them.
 * {@link NetDriver} sends and receives frames on them.
 */
public abstract sealed class NetQueues implements AutoCloseable permits NetDriver {
    /** The guest-physical address of the region with rings and buffers. It is above 4 GiB, so that truncated addresses are detected. */
    public static final long GUEST_BASE = 0x1_4000_0000L;
    /**
     * The I/O virtual address of the memory behind an IOMMU, far from guest-physical addresses, so that a mix-up is
     * detected.
     */
    private static final long IO_VIRTUAL_BASE = 0x7f_0000_0000_0000L;

    private static final int INDIRECT_CAPACITY = 128;
    private static final int CONTROL_QUEUE_SIZE = 64;
    private static final int MAX_PAIRS_OFFSET = 8;
    static final int ACKNOWLEDGE_DRIVER = 3;
    static final int FEATURES_OK = 8;
    private static final int DRIVER_OK = 4;

    private final FrontEnd frontEnd;
    private final NetSetup setup;
    private final GuestRam ram;
    final List<Receiver> receivers = new ArrayList<>();
    final List<Transmitter> transmitters = new ArrayList<>();
    private final long features;
    private final int headerBytes;
    private @Nullable ControlQueue control;

    NetQueues(FrontEnd frontEnd, NetSetup setup, long features) {
        this.frontEnd = frontEnd;
        this.setup = setup;
        this.features = features;
        boolean modern = Feature.VERSION_1.in(features) || Feature.MRG_RXBUF.in(features);
        this.headerBytes = Feature.HASH_REPORT.in(features)
                ? DriverHeader.HASH_BYTES
                : modern ? DriverHeader.BYTES : DriverHeader.LEGACY_BYTES;
        this.ram = Feature.ACCESS_PLATFORM.in(features)
                ? new GuestRam(
                        frontEnd,
                        Ram.behindIommu(GUEST_BASE, IO_VIRTUAL_BASE, setup.ram().bytes()))
                : new GuestRam(frontEnd, GUEST_BASE, setup.ram());
    }

    final void layOut() {
        for (int pair = 0; pair < setup.pairs(); pair++) {
            FrontEndQueue rx = queue(2 * pair, setup.queueSize());
            Receiver receiver = new Receiver(
                    rx,
                    ram.receive().memory(),
                    pair,
                    headerBytes,
                    Feature.MRG_RXBUF.in(features),
                    setup.receiveShape(),
                    setup.receiveFrameBytes());
            receivers.add(receiver);
            FrontEndQueue tx = queue(2 * pair + 1, setup.queueSize());
            transmitters.add(new Transmitter(tx, ram.transmit().memory()));
            receiver.post(setup.receiveBuffers());
        }
        if (Feature.CTRL_VQ.in(features & setup.features())) {
            control = new ControlQueue(
                    queue(controlIndex(), CONTROL_QUEUE_SIZE), ram.rings().memory());
        }
    }

    private FrontEndQueue queue(int index, int size) {
        int indirectCapacity = Feature.INDIRECT_DESC.in(features) ? INDIRECT_CAPACITY : 0;
        RingDriver.Features ring =
                new RingDriver.Features(Feature.EVENT_IDX.in(features), Feature.IN_ORDER.in(features));
        return new FrontEndQueue(
                index,
                ram.rings(),
                Feature.RING_PACKED.in(features)
                        ? new PackedDriver(ram.rings().memory(), size, ring, indirectCapacity)
                        : new SplitDriver(ram.rings().memory(), size, ring, indirectCapacity));
    }

    /**
     * Returns the index of the control queue, which is after the maximum number of pairs, not after the pairs in use
     * (section 5.1.2).
     */
    private int controlIndex() {
        if (!Feature.MQ.in(features)) {
            return 2;
        }
        byte[] field = frontEnd.getConfig(MAX_PAIRS_OFFSET, 2);
        return 2 * (ByteBuffer.wrap(field).order(ByteOrder.LITTLE_ENDIAN).getShort() & 0xffff);
    }

    /**
     * Sends the back-end the memory table, enables every queue and starts it, in this order, as QEMU does: a transmit queue that is started
     * but not enabled discards its frames.
     */
    public final void start() {
        start(ram::share);
    }

    /**
     * Shares the memory with the back-end by the given method instead of the default one, and starts the queues.
     *
     * @param share sends all regions to the back-end, such as {@link Postcopy#share}
     */
    public final void start(Runnable share) {
        share.run();
        enable(true);
        for (FrontEndQueue queue : queues()) {
            queue.start(frontEnd, queue.ring().deviceBase());
        }
        if (ProtocolFeature.STATUS.in(frontEnd.protocolFeatures())) {
            frontEnd.setStatus(ACKNOWLEDGE_DRIVER | FEATURES_OK | DRIVER_OK);
        }
        for (Receiver receiver : receivers) {
            receiver.queue().publish();
        }
    }

    /**
     * Enables or disables every queue, when PROTOCOL_FEATURES was negotiated.
     *
     * @param on whether the queues are to carry frames
     */
    public final void enable(boolean on) {
        if (Feature.PROTOCOL_FEATURES.in(features)) {
            for (FrontEndQueue queue : queues()) {
                frontEnd.setVringEnable(queue.index(), on);
            }
        }
    }

    /** Stops every queue with GET_VRING_BASE. {@link #resume} starts them again. */
    public final void stop() {
        for (FrontEndQueue queue : queues()) {
            int base = queue.stop(frontEnd);
            int expected = queue.ring().deviceBase();
            if (base != expected) {
                throw new FrontEndException("queue %d stopped at 0x%x, but its used chains end at 0x%x"
                        .formatted(queue.index(), base, expected));
            }
        }
    }

    /** Starts the queues again at the positions where they stopped. */
    public final void resume() {
        for (FrontEndQueue queue : queues()) {
            queue.start(frontEnd, queue.ring().deviceBase());
        }
    }

    /**
     * Returns every queue, in the order of the indices.
     *
     * @return receive and transmit queues alternately, then the control queue
     */
    public final List<FrontEndQueue> queues() {
        List<FrontEndQueue> all = new ArrayList<>();
        for (int pair = 0; pair < receivers.size(); pair++) {
            all.add(receivers.get(pair).queue());
            all.add(transmitters.get(pair).queue());
        }
        if (control != null) {
            all.add(control.queue());
        }
        return all;
    }

    /**
     * Returns the connection.
     *
     * @return the front-end, still owned by this object
     */
    public final FrontEnd frontEnd() {
        return frontEnd;
    }

    /**
     * Returns the features that were acknowledged.
     *
     * @return the virtio feature bits
     */
    public final long features() {
        return features;
    }

    /**
     * Returns the size of the virtio-net header before each frame.
     *
     * @return {@link DriverHeader#BYTES}, {@link DriverHeader#HASH_BYTES} or {@link DriverHeader#LEGACY_BYTES}
     */
    public final int headerBytes() {
        return headerBytes;
    }

    /**
     * Returns the region that contains the rings, and the buffers unless they have their own regions.
     *
     * @return the region, still owned by this object
     */
    public final Ram ram() {
        return ram.rings();
    }

    /**
     * Returns all of the guest's memory.
     *
     * @return the memory, still owned by this object
     */
    public final GuestRam guestRam() {
        return ram;
    }

    /**
     * Returns a receive queue.
     *
     * @param pair the number of the queue pair, from 0
     * @return the queue
     */
    public final FrontEndQueue receiveQueue(int pair) {
        return receivers.get(pair).queue();
    }

    /**
     * Returns a transmit queue.
     *
     * @param pair the number of the queue pair, from 0
     * @return the queue
     */
    public final FrontEndQueue transmitQueue(int pair) {
        return transmitters.get(pair).queue();
    }

    /**
     * Returns the control queue.
     *
     * @return the queue
     * @throws IllegalStateException when there is no control queue, because CTRL_VQ was not acknowledged or not requested
     */
    public final FrontEndQueue controlQueue() {
        return requireControl().queue();
    }

    final ControlQueue requireControl() {
        if (control == null) {
            throw new IllegalStateException("CTRL_VQ was not negotiated");
        }
        return control;
    }

    /** Closes the connection, the queues' descriptors and the memory. */
    @Override
    public final void close() {
        frontEnd.close();
        for (FrontEndQueue queue : queues()) {
            queue.close();
        }
        ram.close();
    }
}
