// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Budget;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.MigratedMemory;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.RingParts;
import org.vhost4j.device.ring.Virtqueue;

/**
 * A device and its driver in one thread, with one queue pair. Guest memory has two regions; buffers are allocated in
 * them alternately.
 */
final class TestGuest {
    static final int SIZE = 256;

    private static final int HALF = 2 << 20;
    private static final int SLOT = 2048;
    private static final long LOW = 0x10_0000;
    private static final long HIGH = 0x1_0000_0000L;

    /** A received frame, with its virtio-net header. */
    static final class Received {
        private final DriverHeader header;
        private final byte[] bytes;

        Received(DriverHeader header, byte[] bytes) {
            this.header = header;
            this.bytes = bytes;
        }

        DriverHeader header() {
            return header;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    final NetDevice device;
    private final DriverMemory low = memory(LOW);
    private final DriverMemory high = memory(HIGH);
    private final GuestMemory table = GuestMemory.of(List.of(region(low, 0x7000_0000L), region(high, 0x8000_0000L)));
    private final boolean packed;
    final RingDriver receive;
    final RingDriver transmit;
    private final Virtqueue[] rings = new Virtqueue[2];
    private final long[] posted = new long[SIZE];
    private final int[] roomOf = new int[SIZE];
    private int turn;

    TestGuest(
            String name, boolean packed, FrameSink sink, OffloadEngine engine, ManualClock clock, Feature... features) {
        this.packed = packed;
        device = new NetDevice(
                new NetDeviceConfig(name, 0x020000000001L, 1, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT, clock),
                sink,
                engine,
                () -> {},
                DeviceOwner.NONE,
                new Budget(64, 1 << 16, 50_000, System::nanoTime));
        FeatureSet negotiated = FeatureSet.of(features).plus(FeatureSet.of(Feature.VERSION_1));
        device.control().features(negotiated);
        receive = start(0, negotiated);
        transmit = start(1, negotiated);
    }

    private static DriverMemory memory(long base) {
        return new DriverMemory(Arena.ofAuto().allocate(HALF, 4096), base);
    }

    private static GuestRegion region(DriverMemory memory, long user) {
        return new GuestRegion(memory.guestBase(), HALF, user, memory.segment());
    }

    private RingDriver start(int index, FeatureSet negotiated) {
        RingDriver.Features ring = new RingDriver.Features(false, negotiated.has(Feature.IN_ORDER));
        RingDriver driver = packed ? new PackedDriver(low, SIZE, ring, 0) : new SplitDriver(low, SIZE, ring, 0);
        RingLayout layout = packed ? RingLayout.PACKED : RingLayout.SPLIT;
        RingParts parts = layout.parts(
                low.segment(),
                SIZE,
                driver.descAddress() - LOW,
                driver.availAddress() - LOW,
                driver.usedAddress() - LOW);
        RingFeatures features = RingFeatures.of(negotiated);
        Virtqueue queue = layout.open("queue " + index, SIZE, parts, table, layout.startBase(), features);
        rings[index] = queue;
        device.control().start(index, queue, GuestNotifier.NONE, true, false);
        return driver;
    }

    /**
     * Starts to log the device's writes.
     *
     * @return the copy of guest memory that a front-end makes by the log
     */
    MigratedMemory migrate() {
        MigratedMemory copy = new MigratedMemory(table, HIGH + HALF);
        log(0, new QueueLog(copy, table, receive.usedAddress()));
        log(1, new QueueLog(copy, table, transmit.usedAddress()));
        copy.copyAll();
        return copy;
    }

    /** Stops logging. */
    void stopLogging() {
        log(0, null);
        log(1, null);
    }

    private void log(int index, @Nullable QueueLog log) {
        device.control().log(index, log, reason -> {
            throw new AssertionError(reason);
        });
    }

    /** Returns the region in which the next buffer is allocated. */
    private DriverMemory next() {
        return turn++ % 3 == 0 ? high : low;
    }

    /** Makes receive buffers of a size available. */
    void post(int buffers, int bytes) {
        for (int i = 0; i < buffers; i++) {
            long address = next().allocate(bytes, 64);
            receive.begin();
            receive.writable(address, bytes);
            int id = receive.offer();
            posted[id] = address;
            roomOf[id] = bytes;
        }
        receive.publish();
    }

    /** Makes a frame available in the transmit queue; with {@code apart}, the virtio-net header has its own buffer. */
    void offer(DriverHeader header, byte[] frame, boolean apart) {
        DriverMemory memory = next();
        long address = memory.allocate(Math.min(SLOT, DriverHeader.BYTES + frame.length), 64);
        memory.write(address, header.toBytes(DriverHeader.BYTES), 0, DriverHeader.BYTES);
        memory.write(address + DriverHeader.BYTES, frame, 0, frame.length);
        transmit.begin();
        if (apart) {
            transmit.readable(address, DriverHeader.BYTES);
            transmit.readable(address + DriverHeader.BYTES, frame.length);
        } else {
            transmit.readable(address, DriverHeader.BYTES + frame.length);
        }
        transmit.offer();
    }

    /** Publishes the offered chains, and polls the device for one turn. */
    void turn() {
        transmit.publish();
        device.poll();
    }

    /** Collects the used transmit chains; returns their number. */
    int sent() {
        int n = 0;
        while (transmit.collect()) {
            n++;
        }
        return n;
    }

    /** Returns the frames received since the last call. */
    List<Received> received() {
        List<Received> frames = new ArrayList<>();
        while (receive.collect()) {
            byte[] first = bytes();
            DriverHeader header = DriverHeader.read(first, 0, DriverHeader.BYTES);
            byte[] frame = Arrays.copyOfRange(first, DriverHeader.BYTES, first.length);
            for (int i = 1; i < header.numBuffers(); i++) {
                if (!receive.collect()) {
                    throw new AssertionError("a frame without its last buffers");
                }
                byte[] more = bytes();
                frame = Arrays.copyOf(frame, frame.length + more.length);
                System.arraycopy(more, 0, frame, frame.length - more.length, more.length);
            }
            frames.add(new Received(header, frame));
        }
        return frames;
    }

    private byte[] bytes() {
        long address = posted[receive.usedId()];
        if (receive.usedLength() > roomOf[receive.usedId()]) {
            throw new AssertionError("more bytes than there was room for");
        }
        return (address >= HIGH ? high : low).read(address, receive.usedLength());
    }

    /** Stops both queues and starts them again at the same positions. */
    void restart() {
        for (int i = 0; i < rings.length; i++) {
            device.control().stop(i);
        }
        for (int i = 0; i < rings.length; i++) {
            device.control().start(i, rings[i], GuestNotifier.NONE, true, false);
        }
    }

    /** Stops both queues; returns whether the base of each counts exactly the chains that the device has used. */
    boolean basesCountWhatWasUsed() {
        received();
        sent();
        device.control().stop(0);
        device.control().stop(1);
        received();
        sent();
        return rings[0].base() == receive.deviceBase() && rings[1].base() == transmit.deviceBase();
    }

    /** Returns the number of receive buffers that the device has not used. */
    int buffersLeft() {
        return receive.inFlight();
    }
}
