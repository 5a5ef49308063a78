// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vhost4j.device.Budget;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.fuzz.ByteList;
import org.vhost4j.fuzz.CollectingPort;
import org.vhost4j.fuzz.FuzzInput;
import org.vhost4j.fuzz.FuzzTarget;
import org.vhost4j.fuzz.GuardedMemory;

/**
 * Fuzz target: a device with receive, transmit and control queue. Its driver writes any bytes into rings, headers,
 * frames and commands, while frames arrive for it. The device may stop with one line, and its neighbour on the bridge
 * must receive only frames that it accepts.
 */
public final class DeviceTarget implements FuzzTarget {
    private static final long BASE = 0x1_0000;
    private static final int SIZE = 8;
    private static final int QUEUE_BYTES = 512;
    private static final int MEMORY = 4 * 4096;
    private static final int MOST_STEPS = 400;
    private static final List<Feature> FEATURES = List.of(
            Feature.MRG_RXBUF,
            Feature.INDIRECT_DESC,
            Feature.EVENT_IDX,
            Feature.IN_ORDER,
            Feature.CSUM,
            Feature.HOST_TSO4,
            Feature.HOST_TSO6,
            Feature.HOST_USO,
            Feature.HOST_UFO,
            Feature.GUEST_CSUM,
            Feature.GUEST_TSO4,
            Feature.GUEST_TSO6,
            Feature.RSC_EXT,
            Feature.CTRL_RX,
            Feature.CTRL_GUEST_OFFLOADS,
            Feature.HASH_REPORT);

    private final GuardedMemory memory = new GuardedMemory(MEMORY);
    private final GuestMemory table =
            GuestMemory.of(List.of(new GuestRegion(BASE, MEMORY, 0x7000_0000L, memory.segment())));
    private final GuardedMemory incoming = new GuardedMemory(4096);
    private final CollectingPort neighbour = new CollectingPort();

    /** Creates the target. */
    public DeviceTarget() {}

    @Override
    public String name() {
        return "device";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (int packed = 0; packed < 2; packed++) {
            for (int features : new int[] {0, 0xffff, 0x7ff0, 0x3a1}) {
                ByteList to = new ByteList().u16(features).u8(packed).u16(features == 0 ? 0 : 0x7f);
                descriptor(to, 0, 0, packed, 2, 0x2000, 1600);
                descriptor(to, 0, 1, packed, 2, 0x2800, 1600);
                descriptor(to, 1, 0, packed, 0, 0x3000, 400);
                descriptor(to, 2, 0, packed, 1, 0x3800, 3);
                descriptor(to, 2, 1, packed, 2, 0x3900, 1);
                // A header that asks for segmentation, and a command.
                to.u8(4).u16(0x3000).u8(12).all(new byte[] {1, 1, 54, 0, 100, 0, 34, 0, 16, 0, 0, 0, 0});
                to.u8(4).u16(0x3800).u8(2).all(new byte[] {0, 0, 1});
                for (int queue = 0; queue < 3; queue++) {
                    to.u8(1).u8(queue).u8(packed == 0 ? 0 : queue == 0 ? 2 : 0);
                }
                to.u8(2).u8(5).u8(5).u16(60).u8(1).u8(6).u8(2).u8(8).u8(9);
                seeds.add(to.bytes());
            }
        }
        return seeds;
    }

    private static void descriptor(ByteList to, int queue, int index, int packed, int flags, int at, int length) {
        to.u8(0).u8(queue).u8(index).u8(4).u16(at).u16(length);
        if (packed == 0) {
            to.u8(flags).u8(index + 1);
        } else {
            to.u8(index).u8(flags).u8(0);
        }
    }

    @Override
    public void run(byte[] bytes) {
        memory.clear();
        new Run(new FuzzInput(bytes)).all();
    }

    @Override
    public void close() {
        memory.close();
        incoming.close();
    }

    /** One device. */
    private final class Run {
        private final FuzzInput input;
        private final RingLayout layout;
        private final OffloadEngine engine = new OffloadEngine();
        private final NetDevice device;
        private final Bridge bridge;
        private final Virtqueue[] queues = new Virtqueue[3];
        private final boolean[] running = new boolean[3];
        private final int[] available = new int[3];
        private int stops;

        Run(FuzzInput input) {
            this.input = input;
            int chosen = input.u16();
            int how = input.u8();
            layout = (how & 1) == 0 ? RingLayout.SPLIT : RingLayout.PACKED;
            neighbour.begin(input.u16() & Offloads.ALL, false);
            FeatureSet features = FeatureSet.of(Feature.VERSION_1, Feature.CTRL_VQ);
            for (int i = 0; i < FEATURES.size(); i++) {
                if ((chosen >>> i & 1) != 0) {
                    features = features.plus(FeatureSet.of(FEATURES.get(i)));
                }
            }
            long[] now = new long[1];
            bridge = new Bridge(engine, (how & 2) != 0, () -> now[0]++);
            device = new NetDevice(
                    new NetDeviceConfig(
                            "guest",
                            0x0200_0000_0001L,
                            1,
                            0,
                            LinkSpeed.UNKNOWN,
                            ReceiveTimeouts.DEFAULT,
                            () -> now[0] += 1000),
                    bridge,
                    engine,
                    () -> {},
                    new DeviceOwner() {
                        @Override
                        public void stopped(String reason) {
                            stops++;
                            FuzzTarget.requireLine(reason);
                        }

                        @Override
                        public void offloadsChanged(int accepts) {}
                    },
                    new Budget(64, 1 << 16, 1L << 40, () -> now[0]));
            bridge.add(device);
            bridge.add(neighbour);
            device.control().features(features);
            for (int i = 0; i < 3; i++) {
                int at = i * QUEUE_BYTES;
                RingFeatures ring = RingFeatures.of(features);
                queues[i] = layout.open(
                        "queue " + i,
                        SIZE,
                        layout.parts(memory.segment(), SIZE, at, at + 128, at + 256),
                        table,
                        layout.startBase(),
                        i == 1 ? ring.ofTransmitQueue() : ring);
                start(i);
            }
        }

        private void require(boolean kept, String rule) {
            FuzzTarget.require(kept, rule);
        }

        private void start(int queue) {
            device.control().start(queue, queues[queue], GuestNotifier.NONE, true, false);
            running[queue] = true;
        }

        void all() {
            for (int step = 0; step < MOST_STEPS && input.left() > 0; step++) {
                step();
                require(stops <= 1, "the device stopped twice");
                require((stops == 1) == (device.stoppedReason() != null), "it stopped silently");
            }
            for (int i = 0; i < 3; i++) {
                if (running[i]) {
                    device.control().stop(i);
                }
                queues[i].base();
            }
        }

        private void step() {
            switch (input.u8() % 14) {
                case 0 -> descriptor();
                case 1 -> offer();
                case 2, 3 -> device.poll();
                case 4 -> scribble();
                case 5 -> arrives();
                case 6 -> device.arm();
                case 7 -> device.disarm();
                case 8 -> bridge.flush();
                case 9 -> {
                    int queue = input.u8() % 3;
                    if (running[queue]) {
                        device.control().stop(queue);
                        running[queue] = false;
                    } else if (device.stoppedReason() == null) {
                        start(queue);
                    }
                }
                case 10 -> device.control().link((input.u8() & 1) == 0);
                case 11 -> {
                    int queue = input.u8() % 3;
                    if (running[queue]) {
                        device.control().enable(queue, (input.u8() & 1) == 0);
                    }
                }
                case 12 -> neighbour.room(input.u8() & 15);
                default -> table();
            }
        }

        private long guestAddress() {
            int kind = input.u8();
            return switch (kind & 7) {
                case 0 -> input.i64();
                case 1 -> BASE + MEMORY - (kind >>> 3);
                case 2 -> BASE - (kind >>> 3);
                default -> BASE + input.u16() % MEMORY;
            };
        }

        private void put(long at) {
            HostMemory.putLongLE(at, guestAddress());
            int length = input.u16();
            HostMemory.putIntLE(at + 8, length > 0xff00 ? length << 16 : length & 0x7ff);
            if (layout == RingLayout.SPLIT) {
                HostMemory.putShortLE(at + 12, input.u8() & 7);
                HostMemory.putShortLE(at + 14, input.u8() % (SIZE + 1));
            } else {
                HostMemory.putShortLE(at + 12, input.u8() % (SIZE + 1));
                HostMemory.putShortLE(at + 14, (input.u8() & 7) | ((input.u8() & 3) << 7));
            }
        }

        private void descriptor() {
            int queue = input.u8() % 3;
            put(memory.segment().address() + (long) queue * QUEUE_BYTES + 16L * (input.u8() % SIZE));
        }

        private void table() {
            put(memory.segment().address() + 4096 + 16L * (input.u8() & 63));
        }

        private void offer() {
            int queue = input.u8() % 3;
            int what = input.u8();
            long ring = memory.segment().address() + (long) queue * QUEUE_BYTES;
            int next = available[queue]++;
            if (layout == RingLayout.SPLIT) {
                HostMemory.putShortLE(ring + 128 + 4 + 2L * (next % SIZE), what % (SIZE + 1));
                HostMemory.putShortLE(ring + 128 + 2, next + 1);
            } else {
                boolean wrap = next / SIZE % 2 == 0;
                HostMemory.putShortLE(ring + 16L * (next % SIZE) + 14, (what & 7) | (wrap ? 1 << 7 : 1 << 15));
            }
        }

        private void scribble() {
            int at = input.u16() % (MEMORY - 64);
            byte[] what = input.take(1 + (input.u8() & 63));
            for (int i = 0; i < what.length; i++) {
                HostMemory.putByte(memory.segment().address() + at + i, what[i]);
            }
        }

        /** A frame from the neighbour to every port. */
        private void arrives() {
            int length = Frame.ETHERNET_HEADER + input.u16() % 2000;
            byte[] data = new byte[length];
            Arrays.fill(data, 0, 6, (byte) 0xff);
            byte[] some = input.take(input.u8());
            System.arraycopy(some, 0, data, 6, Math.min(some.length, length - 6));
            Frame frame = new Frame();
            frame.add(incoming.atTheEnd(data).address(), length);
            if (engine.check(frame, 0) == null) {
                int result = bridge.forward(neighbour, frame);
                require(
                        result == FramePort.DELIVERED
                                || result == FramePort.NO_ROOM
                                || result == FramePort.REFUSED
                                || result == FramePort.QUEUED,
                        "the answer was " + result);
            }
        }
    }
}
