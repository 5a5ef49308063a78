// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.ring.Buffers;
import org.vhost4j.device.ring.Chain;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.Virtqueue;

/**
 * Fuzz target: a ring with any content, which the driver changes between the steps of the device. Each piece that the
 * device gets must be in guest memory, and every chain must end.
 */
final class RingTarget implements FuzzTarget {
    private static final long BASE = 0x1_0000;
    private static final int[] SPLIT_SIZES = {1, 2, 4, 8, 16, 64, 256, 8};
    private static final int[] PACKED_SIZES = {1, 2, 3, 5, 8, 16, 200, 8};
    private static final int MOST_STEPS = 600;

    private final RingLayout layout;
    private final GuardedMemory low = new GuardedMemory(4 * 4096);
    private final GuardedMemory high = new GuardedMemory(4096);
    private final GuestMemory table = GuestMemory.of(List.of(
            new GuestRegion(BASE, low.segment().byteSize(), 0x7000_0000L, low.segment()),
            new GuestRegion(BASE + low.segment().byteSize(), 4096, 0x9000_0000L, high.segment())));
    private final Chain chain = new Chain();
    private final Buffers buffers = new Buffers();

    RingTarget(RingLayout layout) {
        this.layout = layout;
    }

    @Override
    public String name() {
        return layout == RingLayout.SPLIT ? "split" : "packed";
    }

    @Override
    public List<byte[]> seeds() {
        return RingSeeds.of(layout);
    }

    @Override
    public void run(byte[] bytes) {
        low.clear();
        high.clear();
        FuzzInput input = new FuzzInput(bytes);
        int flags = input.u8();
        int size = (layout == RingLayout.SPLIT ? SPLIT_SIZES : PACKED_SIZES)[input.u8() & 7];
        RingFeatures features = new RingFeatures(
                (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0, (flags & 16) != 0);
        try {
            Run run = new Run(input, size, features);
            for (int step = 0; step < MOST_STEPS && input.left() > 0; step++) {
                run.step();
            }
        } catch (RingFault e) {
            FuzzTarget.requireLine(e.reason());
        }
    }

    @Override
    public void close() {
        low.close();
        high.close();
    }

    /** One queue and the chains popped from it. */
    private final class Run {
        private final FuzzInput input;
        private final int size;
        private final long avail;
        private final Virtqueue queue;
        private final Deque<Integer> taken = new ArrayDeque<>();
        private int available;

        Run(FuzzInput input, int size, RingFeatures features) {
            this.input = input;
            this.size = size;
            long end = low.segment().byteSize();
            // The last byte of the used ring is the last one before the guard, as far as its alignment allows.
            long used = (end - layout.usedBytes(size)) & -RingLayout.USED_ALIGNMENT;
            avail = layout.descriptorBytes(size);
            queue = layout.open(
                    "queue 0",
                    size,
                    layout.parts(low.segment(), size, 0, avail, used),
                    table,
                    layout.startBase(),
                    features);
        }

        void step() {
            switch (input.u8() & 15) {
                case 0, 1 -> descriptor();
                case 2, 3 -> offer();
                case 4 -> scribble();
                case 5, 6 -> one();
                case 7 -> several();
                case 8 -> used();
                case 9 -> {
                    if (queue.publish() && !queue.hasAvailable()) {
                        queue.recordTaken();
                    }
                }
                case 10 -> queue.enableNotifications();
                case 11 -> queue.enableNotificationsBeyondSeen();
                case 12 -> queue.disableNotifications();
                case 13 -> table(input.u8());
                case 14 -> queue.base();
                default -> queue.hasAvailable();
            }
        }

        private long host(int offset) {
            return low.segment().address()
                    + Math.floorMod(offset, (int) low.segment().byteSize() - 16);
        }

        /** Mostly an address in memory or close to its ends. */
        private long guestAddress() {
            int kind = input.u8();
            return switch (kind & 7) {
                case 0 -> input.i64();
                case 1 -> BASE + 5 * 4096 - (kind >>> 3);
                case 2 -> BASE + 4 * 4096 - (kind >>> 3);
                case 3 -> BASE - (kind >>> 3);
                default -> BASE + input.u16() % (5 * 4096);
            };
        }

        private int length() {
            int kind = input.u8();
            return (kind & 15) == 0 ? input.i32() : (kind & 1) == 0 ? 16 * (kind >>> 1) : input.u16() & 0xfff;
        }

        private void put(long at) {
            HostMemory.putLongLE(at, guestAddress());
            HostMemory.putIntLE(at + 8, length());
            if (layout == RingLayout.SPLIT) {
                HostMemory.putShortLE(at + 12, input.u8() & 7);
                HostMemory.putShortLE(at + 14, input.u8() % (size + 1));
            } else {
                HostMemory.putShortLE(at + 12, input.u8() % (size + 1));
                HostMemory.putShortLE(at + 14, (input.u8() & 7) | ((input.u8() & 3) << 7));
            }
        }

        private void descriptor() {
            put(low.segment().address() + 16L * (input.u8() % size));
        }

        /** An entry of an indirect table in the second page. */
        private void table(int entry) {
            put(low.segment().address() + 2 * 4096 + 16L * (entry & 127));
        }

        private void offer() {
            int what = input.u8();
            if (layout == RingLayout.SPLIT) {
                long ring = low.segment().address() + avail;
                HostMemory.putShortLE(ring + 4 + 2L * (available % size), what % (size + 1));
                available++;
                HostMemory.putShortLE(ring + 2, available);
            } else {
                long at = low.segment().address() + 16L * (available % size) + 14;
                boolean wrap = available / size % 2 == 0;
                HostMemory.putShortLE(at, (what & 7) | (wrap ? 1 << 7 : 1 << 15));
                available++;
            }
        }

        private void scribble() {
            long at = host(input.u16());
            byte[] what = input.take(1 + (input.u8() & 15));
            for (int i = 0; i < what.length; i++) {
                HostMemory.putByte(at + i, what[i]);
            }
        }

        private void one() {
            if (!queue.pop(chain)) {
                return;
            }
            long readable = 0;
            long writable = 0;
            for (int i = 0; i < chain.pieces; i++) {
                touch(chain.address[i], chain.length[i], i >= chain.readable);
                if (i < chain.readable) {
                    readable += chain.length[i];
                } else {
                    writable += chain.length[i];
                }
            }
            FuzzTarget.require(chain.pieces <= Chain.MAX_PIECES, "too many pieces");
            FuzzTarget.require(
                    readable == chain.readableBytes && writable == chain.writableBytes,
                    "the pieces' lengths are not the chain's");
            FuzzTarget.require(chain.readableBytes >= 0 && chain.writableBytes >= 0, "a negative length");
            if ((input.u8() & 3) == 0) {
                queue.unpop(1);
            } else {
                taken.add(chain.id);
            }
        }

        private void several() {
            int how = input.u8();
            boolean writable = (how & 1) != 0;
            int count = queue.pop(buffers, 1 + (how >>> 3), writable);
            FuzzTarget.require(count >= 0 && count <= Buffers.CAPACITY, "more buffers than asked for");
            for (int i = 0; i < count; i++) {
                touch(buffers.address[i], buffers.length[i], writable);
            }
            // What others have taken is used first, as a device does it.
            int kept = (how & 2) == 0 ? count : count / 2;
            queue.unpop(count - kept);
            if (kept > 0) {
                used();
                if (writable) {
                    queue.addUsed(buffers, kept);
                } else {
                    queue.addUsedUnwritten(buffers, kept);
                }
            }
        }

        private void used() {
            while (!taken.isEmpty()) {
                queue.addUsed(taken.remove(), input.u8());
            }
        }

        private void touch(long address, int length, boolean write) {
            FuzzTarget.require(length >= 0, "a piece of negative length");
            FuzzTarget.require(
                    low.contains(address, length) || high.contains(address, length),
                    "a piece outside of memory: %d bytes".formatted(length));
            if (length > 0) {
                int seen = HostMemory.getByte(address) + HostMemory.getByte(address + length - 1);
                if (write) {
                    HostMemory.putByte(address, seen);
                    HostMemory.putByte(address + length - 1, seen);
                }
            }
        }
    }
}
