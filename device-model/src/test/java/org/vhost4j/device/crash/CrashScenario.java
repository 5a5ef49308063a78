// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.vhost4j.device.Budget;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.GuestNotifier;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.Chain;
import org.vhost4j.device.ring.QueueProgress;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.Virtqueue;

/**
 * Simulates two guests and a back-end process that dies and is restarted. One guest sends numbered frames to the other,
 * or out of the host. The class is loaded by {@link DyingMemory}; the drivers, guest memory and the frames that were
 * sent out of the host outlive each process.
 */
public final class CrashScenario implements Function<long[], String> {
    private static final int SIZE = 8;
    private static final int FRAMES = 40;
    private static final int FRAME_BYTES = 60;
    private static final int MEMORY = 1 << 18;
    private static final long BASE = 0x10_0000;

    /** The base that a front-end sends for its rings after a crash. */
    enum Base {
        /** QEMU: the used index of a split ring; for a packed ring the base from the start. */
        KNOWN_BEFORE,
        /** The position that the driver can see. */
        EXACT,
        /** QEMU with the link down: QEMU itself uses all chains that are available from its own base on. */
        DROPPED
    }

    private final boolean packed;
    private final boolean inOrder;
    private final boolean toGuest;
    private final Base base;

    private final MemorySegment memory = Arena.ofAuto().allocate(MEMORY, 4096);
    private final DriverMemory driverMemory = new DriverMemory(memory, BASE);
    private final GuestMemory table = GuestMemory.of(List.of(new GuestRegion(BASE, MEMORY, 0x7000_0000L, memory)));
    private final MemorySegment kept = Arena.ofAuto().allocate(2L * QueueProgress.BYTES, QueueProgress.BYTES);
    private final FeatureSet negotiated;
    private final RingDriver transmit;
    private final RingDriver receive;
    private final int[] given = new int[2];
    private final long[] buffers = new long[SIZE];
    /** The address of the receive buffer of each chain; 0 when the chain is not available. */
    private final long[] posted = new long[SIZE];

    private int turn;
    private final long slots;
    private final List<Integer> arrived = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private int offered;
    private int emptyBuffers;
    private NetDevice sender = device("sender", new Discard());
    private NetDevice receiver = device("receiver", new Discard());

    /** Creates a scenario for one kind of ring, sink and front-end. */
    public CrashScenario(String kind) {
        packed = kind.contains("packed");
        inOrder = kind.contains("IN_ORDER");
        toGuest = kind.contains("to guest");
        base = Base.valueOf(kind.substring(kind.lastIndexOf(' ') + 1));
        FeatureSet features = FeatureSet.of(Feature.VERSION_1, Feature.MRG_RXBUF);
        negotiated = inOrder ? features.plus(FeatureSet.of(Feature.IN_ORDER)) : features;
        RingDriver.Features ring = new RingDriver.Features(false, inOrder);
        transmit =
                packed ? new PackedDriver(driverMemory, SIZE, ring, 0) : new SplitDriver(driverMemory, SIZE, ring, 0);
        receive = packed ? new PackedDriver(driverMemory, SIZE, ring, 0) : new SplitDriver(driverMemory, SIZE, ring, 0);
        for (int i = 0; i < SIZE; i++) {
            buffers[i] = driverMemory.allocate(128, 64);
        }
        Arrays.fill(given, packed ? RingLayout.PACKED.startBase() : 0);
        slots = driverMemory.allocate(128L * SIZE, 64);
    }

    /**
     * Runs the scenario.
     *
     * @param deaths for each process the number of the store before which it dies, from 1 on; the process after the
     *     last one survives
     * @return the error; empty for none; {@code end} when a process that should have died survived
     */
    @Override
    public String apply(long[] deaths) {
        int process = 0;
        DyingMemory.dieAt(deaths.length == 0 ? Long.MAX_VALUE : deaths[0]);
        boolean running = false;
        int tail = 0;
        int round = 0;
        while ((offered < FRAMES || tail < 4) && round < 8 * FRAMES) {
            try {
                if (!running) {
                    start(process);
                    running = true;
                }
                if (offered < FRAMES) {
                    offer(1 + round % 4);
                } else {
                    tail++;
                }
                post();
                sender.poll();
                receiver.poll();
            } catch (DyingMemory.Death e) {
                running = false;
                process++;
                // A driver may read its rings before or after the restart of the back-end.
                if (round % 2 == 0) {
                    collect();
                }
                if (base == Base.DROPPED) {
                    drop();
                }
                DyingMemory.dieAt(process < deaths.length ? deaths[process] : Long.MAX_VALUE);
            }
            round++;
            if (running) {
                collect();
            }
        }
        String wrong = verdict(process);
        return wrong.isEmpty() && process < deaths.length ? "end" : wrong;
    }

    private void start(int process) {
        receiver = negotiatedDevice("receiver", new Discard());
        sender = negotiatedDevice("sender", new Out());
        queue(process, receiver, 0, receive);
        queue(process, sender, 1, transmit);
    }

    private NetDevice negotiatedDevice(String name, FrameSink sink) {
        NetDevice device = device(name, sink);
        device.control().features(negotiated);
        return device;
    }

    private static NetDevice device(String name, FrameSink sink) {
        return new NetDevice(
                new NetDeviceConfig(name, 0x020000000001L, 1, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT, () -> 0),
                sink,
                new OffloadEngine(),
                () -> {},
                DeviceOwner.NONE,
                new Budget(64, 1 << 16, 50_000, () -> 0));
    }

    private void queue(int process, NetDevice device, int index, RingDriver driver) {
        RingLayout layout = packed ? RingLayout.PACKED : RingLayout.SPLIT;
        QueueProgress progress =
                new QueueProgress(kept.asSlice((long) index * QueueProgress.BYTES, QueueProgress.BYTES));
        int from;
        if (process != 0 && (base == Base.EXACT || !packed)) {
            from = driver.deviceBase();
        } else {
            from = given[index];
        }
        Virtqueue queue = layout.reopen(
                "queue " + index,
                SIZE,
                layout.parts(
                        memory,
                        SIZE,
                        driver.descAddress() - BASE,
                        driver.availAddress() - BASE,
                        driver.usedAddress() - BASE),
                table,
                from,
                RingFeatures.of(negotiated),
                progress,
                1234,
                lines::add);
        device.control().start(index, queue, GuestNotifier.NONE, true, false);
    }

    /** Offers frames in one descriptor, frames in two descriptors, and some chains that are too short for a frame. */
    private void offer(int frames) {
        for (int i = 0; i < frames && offered < FRAMES; i++) {
            boolean apart = offered % 3 == 0;
            if (transmit.freeDescriptors() < (apart ? 2 : 1)) {
                break;
            }
            long at = slots + 128L * (offered % SIZE);
            driverMemory.fill(at, 128, 0);
            driverMemory.write(at, DriverHeader.PLAIN.toBytes(DriverHeader.BYTES), 0, DriverHeader.BYTES);
            driverMemory.fill(at + DriverHeader.BYTES, 6, 0xff);
            driverMemory.put32(at + DriverHeader.BYTES + 14, offered);
            transmit.begin();
            if (apart) {
                transmit.readable(at, DriverHeader.BYTES);
                transmit.readable(at + DriverHeader.BYTES, FRAME_BYTES);
            } else {
                transmit.readable(at, DriverHeader.BYTES + (offered % 11 == 10 ? 3 : FRAME_BYTES));
            }
            transmit.offer();
            offered++;
        }
        transmit.publish();
    }

    /** Makes receive buffers available, some with room for a whole frame and some with room for half a frame. */
    private void post() {
        while (receive.freeDescriptors() > 0) {
            receive.begin();
            long at = nextBuffer();
            int room = turn % 3 == 2 ? 40 : 128;
            receive.writable(at, room);
            int id = receive.offer();
            posted[id] = at;
        }
        receive.publish();
    }

    private long nextBuffer() {
        turn++;
        for (long each : buffers) {
            boolean free = true;
            for (int id = 0; id < SIZE; id++) {
                free &= posted[id] != each;
            }
            if (free) {
                return each;
            }
        }
        throw new AssertionError("no buffer is free");
    }

    private void collect() {
        while (transmit.collect()) {
            // The buffer is free again.
        }
        while (receive.collect()) {
            byte[] bytes = received();
            if (bytes.length == 0) {
                emptyBuffers++;
                continue;
            }
            DriverHeader header = DriverHeader.read(bytes, 0, DriverHeader.BYTES);
            byte[] frame = bytes;
            for (int i = 1; i < header.numBuffers(); i++) {
                if (!receive.collect()) {
                    throw new AssertionError("a frame without its last buffers");
                }
                byte[] more = received();
                byte[] whole = Arrays.copyOf(frame, frame.length + more.length);
                System.arraycopy(more, 0, whole, frame.length, more.length);
                frame = whole;
            }
            if (frame.length != DriverHeader.BYTES + FRAME_BYTES) {
                throw new AssertionError("a frame of " + frame.length + " bytes");
            }
            int at = DriverHeader.BYTES + 14;
            arrived.add((frame[at] & 0xff) | (frame[at + 1] & 0xff) << 8);
        }
    }

    private byte[] received() {
        int id = receive.usedId();
        byte[] bytes = driverMemory.read(posted[id], receive.usedLength());
        posted[id] = 0;
        return bytes;
    }

    /**
     * Acts as QEMU does with the link down: its own device begins at the front-end's base and uses all available
     * chains.
     */
    private void drop() {
        DyingMemory.live();
        int from = packed ? given[1] : transmit.deviceBase();
        RingLayout layout = packed ? RingLayout.PACKED : RingLayout.SPLIT;
        Virtqueue queue = layout.open(
                "QEMU",
                SIZE,
                layout.parts(
                        memory,
                        SIZE,
                        transmit.descAddress() - BASE,
                        transmit.availAddress() - BASE,
                        transmit.usedAddress() - BASE),
                table,
                from,
                RingFeatures.of(FeatureSet.of(Feature.VERSION_1)));
        Chain chain = new Chain();
        while (queue.pop(chain)) {
            queue.addUsed(chain.id, 0);
            queue.publish();
        }
        given[1] = queue.base();
    }

    /**
     * Checks the frames that arrived and the chains that the driver got back; returns the errors, empty when there are
     * none.
     */
    private String verdict(int deaths) {
        StringBuilder wrong = new StringBuilder();
        int last = -1;
        int gaps = 0;
        int lost = 0;
        for (int number = 0; number < FRAMES; number++) {
            boolean frame = number % 3 == 0 || number % 11 != 10;
            boolean there = arrived.contains(number);
            if (frame && !there) {
                lost++;
                gaps += last == 0 ? 0 : 1;
                last = 0;
            } else if (frame) {
                last = 1;
            }
        }
        for (int i = 1; i < arrived.size(); i++) {
            if (arrived.get(i) <= arrived.get(i - 1)) {
                wrong.append("frame ")
                        .append(arrived.get(i))
                        .append(" behind ")
                        .append(arrived.get(i - 1))
                        .append("; ");
            }
        }
        // A burst is the set of chains that were published together, at most a whole ring.
        if (lost > deaths * SIZE || gaps > deaths) {
            wrong.append(lost).append(" lost in ").append(gaps).append(" gaps; ");
        }
        if (offered < FRAMES) {
            wrong.append("stuck at frame ").append(offered).append("; ");
        }
        if (transmit.inFlight() != 0) {
            wrong.append(transmit.inFlight()).append(" chains never came back; ");
        }
        if (emptyBuffers > deaths * SIZE) {
            wrong.append(emptyBuffers).append(" empty buffers; ");
        }
        lines.forEach(line -> wrong.append(line).append("; "));
        if (sender.stoppedReason() != null || receiver.stoppedReason() != null) {
            wrong.append(sender.stoppedReason()).append(", ").append(receiver.stoppedReason());
        }
        return wrong.isEmpty() ? "" : wrong + " arrived " + arrived;
    }

    private static final class Discard implements FrameSink {
        @Override
        public int forward(FramePort from, Frame frame) {
            return FramePort.DELIVERED;
        }

        @Override
        public void flush() {}
    }

    /**
     * The destination of the sent frames: the receiving guest, or the network outside the host, where a frame counts as
     * arrived as soon as it was forwarded.
     */
    private final class Out implements FrameSink {
        @Override
        public int forward(FramePort from, Frame frame) {
            if (toGuest) {
                return receiver.deliver(frame);
            }
            int at = 14;
            int piece = 0;
            while (at >= frame.length[piece]) {
                at -= frame.length[piece];
                piece++;
            }
            arrived.add(HostMemory.getShortLE(frame.address[piece] + at));
            return FramePort.DELIVERED;
        }

        @Override
        public int forward(FramePort from, FrameBurst frames) {
            return toGuest ? receiver.deliver(frames, 0, frames.count()) : FrameSink.super.forward(from, frames);
        }

        @Override
        public void flush() {
            if (toGuest) {
                receiver.flush();
            }
        }
    }
}
