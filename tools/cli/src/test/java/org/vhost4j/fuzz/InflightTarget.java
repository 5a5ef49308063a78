// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.ring.Chain;
import org.vhost4j.device.ring.InflightRegion;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.Virtqueue;

/** Fuzz target: an in-flight area written by a front-end, and a ring that is or is not consistent with it. */
final class InflightTarget implements FuzzTarget {
    private static final long BASE = 0x1_0000;
    private static final int[] SIZES = {1, 2, 4, 8, 16, 3, 5, 8};

    private final GuardedMemory memory = new GuardedMemory(2 * 4096);
    private final GuardedMemory area = new GuardedMemory(4096);
    private final GuestMemory table =
            GuestMemory.of(List.of(new GuestRegion(BASE, memory.segment().byteSize(), 0x7000_0000L, memory.segment())));
    private final Chain chain = new Chain();

    @Override
    public String name() {
        return "inflight";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (int layout = 0; layout < 2; layout++) {
            for (int version = 0; version < 2; version++) {
                // A split region of 8 entries, then a ring of which nothing was used.
                ByteList to = new ByteList().u8(layout | 4).u8(3).u8(7).i32(layout == 0 ? 0 : 0x8000_8000);
                ByteList region = new ByteList().i64(0).u16(version).u16(8);
                region.u16(0).u16(0).i64(0x0101_0000_0000_0000L).i64(0x0001_0000_0000_0001L);
                to.u8(region.bytes().length).all(region.bytes());
                ByteList ring = new ByteList();
                for (int i = 0; i < 8; i++) {
                    ring.i64(BASE + 4096).i32(16).u16(layout == 0 ? 2 : i).u16(layout == 0 ? 0 : 0x80);
                }
                ring.u16(0).u16(3).u16(0).u16(1).u16(2).u16(3);
                seeds.add(to.all(ring.bytes()).bytes());
            }
        }
        return seeds;
    }

    @Override
    public void run(byte[] bytes) {
        memory.clear();
        area.clear();
        FuzzInput input = new FuzzInput(bytes);
        int flags = input.u8();
        RingLayout layout = (flags & 1) == 0 ? RingLayout.SPLIT : RingLayout.PACKED;
        int size = SIZES[input.u8() & 7];
        int entries = 1 + (input.u8() & 31);
        int base = input.i32();
        long regionBytes = layout.inflightBytes(entries);
        MemorySegment region = area.segment().asSlice((area.segment().byteSize() - regionBytes) & -8L);
        write(region, input.take(input.u8()));
        write(memory.segment(), input.take(4096));
        long avail = layout.descriptorBytes(size);
        long used = (memory.segment().byteSize() - layout.usedBytes(size)) & -RingLayout.USED_ALIGNMENT;
        RingFeatures features =
                new RingFeatures((flags & 8) != 0, (flags & 16) != 0, (flags & 32) != 0, false, (flags & 64) != 0);
        try {
            Virtqueue queue = new InflightRegion(region, entries)
                    .open(
                            layout,
                            "queue 0",
                            size,
                            layout.parts(memory.segment(), size, 0, avail, used),
                            table,
                            base,
                            features,
                            (flags & 4) != 0);
            int chains = 0;
            while (queue.pop(chain)) {
                chains++;
                FuzzTarget.require(chains <= 3 * RingLayout.MAX_SIZE, "the ring has no end");
                for (int i = 0; i < chain.pieces; i++) {
                    FuzzTarget.require(memory.contains(chain.address[i], chain.length[i]), "a piece outside of memory");
                    if (chain.length[i] > 0) {
                        HostMemory.getByte(chain.address[i] + chain.length[i] - 1);
                    }
                }
                queue.recordTaken();
                queue.addUsed(chain.id, 0);
                queue.publish();
                if (chains > 4 * size) {
                    break;
                }
            }
            queue.base();
        } catch (RingFault e) {
            FuzzTarget.requireLine(e.reason());
        }
    }

    private static void write(MemorySegment to, byte[] bytes) {
        int length = (int) Math.min(to.byteSize(), bytes.length);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, to, 0, length);
    }

    @Override
    public void close() {
        memory.close();
        area.close();
    }
}
