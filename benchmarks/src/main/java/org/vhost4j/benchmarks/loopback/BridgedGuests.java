// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks.loopback;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Budget;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.LaneInbox;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.Translations;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.QueueLog;

/** Two guests on a bridge: one sends, the other receives into mergeable buffers. One thread acts as both drivers and as the lane. */
public final class BridgedGuests {
    private static final int BUFFER = 1536;
    private static final int PAGE = 4096;

    /**
     * The distance between the frames in memory of {@link #allocate}, and between receive buffers, behind an IOMMU: two pages, in bytes. The
     * translations of neighbouring buffers are not adjacent, so that each is a range of its own.
     */
    public static final int TRANSLATED_SLOT = 2 * PAGE;

    private static final FeatureSet FEATURES = FeatureSet.of(
            Feature.VERSION_1,
            Feature.MRG_RXBUF,
            Feature.CSUM,
            Feature.GUEST_CSUM,
            Feature.GUEST_TSO4,
            Feature.GUEST_USO4,
            Feature.GUEST_USO6,
            Feature.HOST_TSO4);

    private final Arena arena;
    private final List<MemorySegment> logs = new ArrayList<>();
    private final NetDevice sender;
    private final RingDriver transmit;
    private final RingDriver receive;
    private final int ringSize;
    private final int memoryBytes;
    private final int[] bufferOf;
    private final long buffers;
    private final int bufferSlot;

    /** The translations of the transmit queue; null without an IOMMU. */
    private final @Nullable Translations transmitTranslations;

    /** The inbox of the receiver's lane; null when both guests are on one lane. */
    private final @Nullable LaneInbox inbox;

    /** The path of frames. */
    public enum Path {
        /** Both guests are on one lane. */
        PLAIN,
        /** Both guests are on one lane, and the bridge coalesces frames of a flow. */
        COALESCED,
        /** The guests are on two lanes, both of which this thread runs. */
        CROSSING,
        /** Both guests are on one lane, and their memory is logged as during a migration. */
        LOGGED,
        /** Both guests are on one lane and behind an IOMMU, which has a translation of one page for each buffer. */
        TRANSLATED
    }

    /**
     * Creates guests whose drivers are ready and whose receive buffers are posted.
     *
     * @param arena the arena from which their memory is allocated
     * @param packed whether the rings are packed instead of split
     * @param path the path of frames
     * @param ringSize number of entries of each ring, a power of two; also the number of receive buffers
     * @param memoryBytes size in bytes of the memory of each queue, for its ring, buffers and frames
     */
    public BridgedGuests(Arena arena, boolean packed, Path path, int ringSize, int memoryBytes) {
        this.arena = arena;
        this.ringSize = ringSize;
        this.memoryBytes = memoryBytes;
        bufferOf = new int[ringSize];
        OffloadEngine engine = new OffloadEngine();
        Bridge bridge = new Bridge(engine, path == Path.COALESCED);
        sender = device("sender", bridge, engine);
        bridge.add(sender);
        NetDevice receiver;
        if (path == Path.CROSSING) {
            OffloadEngine other = new OffloadEngine();
            Bridge there = bridge.on(other);
            LaneInbox to = new LaneInbox("crossing", there, () -> {});
            receiver = device("receiver", there, other);
            bridge.add(to.remote(receiver, receiver::fault, () -> {}));
            there.add(new LaneInbox("nothing", bridge, () -> {}).remote(sender, sender::fault, () -> {}));
            there.add(receiver);
            inbox = to;
        } else {
            receiver = device("receiver", bridge, engine);
            bridge.add(receiver);
            inbox = null;
        }
        boolean logged = path == Path.LOGGED;
        boolean translated = path == Path.TRANSLATED;
        transmitTranslations = translated ? new Translations() : null;
        Translations receiveTranslations = translated ? new Translations() : null;
        transmit = start(sender, 1, packed, logged, transmitTranslations);
        start(sender, 0, packed, logged, null);
        receive = start(receiver, 0, packed, logged, receiveTranslations);
        start(receiver, 1, packed, logged, null);
        bufferSlot = translated ? TRANSLATED_SLOT : BUFFER;
        buffers = receive.memory().allocate((long) ringSize * bufferSlot, PAGE);
        if (receiveTranslations != null) {
            translate(receiveTranslations, buffers, ringSize * bufferSlot);
        }
        for (int i = 0; i < ringSize; i++) {
            post(i);
        }
        receive.publish();
    }

    private static NetDevice device(String name, Bridge bridge, OffloadEngine engine) {
        NetDevice device = new NetDevice(
                new NetDeviceConfig(name, 0x020000000001L, 1, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
                bridge,
                engine,
                () -> {},
                DeviceOwner.NONE,
                new Budget(64, 1 << 16, 50_000, System::nanoTime));
        device.control().features(FEATURES);
        return device;
    }

    /** Adds a translation of the first page of each slot. */
    private static void translate(Translations translations, long address, int bytes) {
        for (long at = address; at < address + bytes; at += TRANSLATED_SLOT) {
            translations.update(at, PAGE, at, true, true);
        }
    }

    private RingDriver start(
            NetDevice device, int index, boolean packed, boolean logged, @Nullable Translations translations) {
        LoopbackQueue queue = LoopbackQueue.start(arena, packed, ringSize, memoryBytes, device, index, translations);
        if (logged) {
            // Guest-physical addresses start at 0, so that the log can be small.
            MemorySegment bits = arena.allocate(memoryBytes / (DirtyLog.PAGE * Byte.SIZE) + Long.BYTES, Long.BYTES);
            logs.add(bits);
            GuestMemory fromZero = GuestMemory.of(List.of(new GuestRegion(0, memoryBytes, 0, queue.memory())));
            device.control()
                    .log(
                            index,
                            new QueueLog(
                                    new DirtyLog(bits),
                                    fromZero,
                                    queue.driver().usedAddress()
                                            - queue.memory().address()),
                            beyond -> {
                                throw new IllegalStateException(beyond);
                            });
        }
        return queue.driver();
    }

    /** Clears the dirty logs, as a front-end does when it has fetched them. */
    public void clearLogs() {
        logs.forEach(bits -> bits.fill((byte) 0));
    }

    /**
     * Returns the number of pages that are marked in the dirty logs.
     *
     * @return the number of bits set in all logs
     */
    public int markedPages() {
        int pages = 0;
        for (MemorySegment bits : logs) {
            for (long i = 0; i < bits.byteSize(); i++) {
                pages += Integer.bitCount(bits.get(ValueLayout.JAVA_BYTE, i) & 0xff);
            }
        }
        return pages;
    }

    /**
     * Allocates memory of the sender for frames. A header of {@link NetHeader#BYTES} precedes each frame. Behind an IOMMU each frame has to be in
     * the first page of a slot of {@link #TRANSLATED_SLOT} bytes.
     *
     * @param bytes the number of bytes
     * @return the address of the first byte
     */
    public long allocate(int bytes) {
        if (transmitTranslations == null) {
            return transmit.memory().allocate(bytes, 64);
        }
        long address = transmit.memory().allocate(bytes, PAGE);
        translate(transmitTranslations, address, bytes);
        return address;
    }

    /**
     * Returns the address of a receive buffer.
     *
     * @param index the index of the buffer, from 0, less than the size of the ring
     * @return the address of its first byte
     */
    public long buffer(int index) {
        return buffers + (long) index * bufferSlot;
    }

    private void post(int buffer) {
        receive.begin();
        receive.writable(buffer(buffer), BUFFER);
        bufferOf[receive.offer()] = buffer;
    }

    /**
     * Makes a frame available to the device.
     *
     * @param header the address of the frame's header, in memory of {@link #allocate}
     * @param bytesWithHeader the size of header and frame, in bytes
     */
    public void offer(long header, int bytesWithHeader) {
        transmit.begin();
        transmit.readable(header, bytesWithHeader);
        transmit.offer();
    }

    /**
     * Runs the back-end, collects the used buffers, and posts the receive buffers again.
     *
     * @return the number of receive buffers filled
     */
    public int exchange() {
        transmit.publish();
        sender.poll();
        if (inbox != null) {
            inbox.poll();
        }
        while (transmit.collect()) {
            // The frame may be sent again.
        }
        int filled = 0;
        while (receive.collect()) {
            post(bufferOf[receive.usedId()]);
            filled++;
        }
        receive.publish();
        return filled;
    }
}
