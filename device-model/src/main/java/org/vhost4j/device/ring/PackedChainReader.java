// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.memory.IotlbMiss;

/**
 * Reads a chain of packed descriptors (virtio 1.4 sections 2.8.6 and 2.8.7), each descriptor once, and translates the
 * addresses. The descriptors of a chain are consecutive in the ring, and the last one has the buffer ID.
 */
final class PackedChainReader {
    private final String name;
    private final int size;
    private final MemorySegment descriptors;
    private final boolean indirectAllowed;
    private final boolean tablesAreRead;
    private final GuestMemory memory;
    private final PieceWriter pieces;

    PackedChainReader(String name, int size, MemorySegment descriptors, GuestMemory memory, RingFeatures features) {
        this.name = name;
        this.size = size;
        this.descriptors = descriptors;
        this.memory = memory;
        this.indirectAllowed = features.indirect();
        this.tablesAreRead = features.tablesAreRead();
        this.pieces = new PieceWriter(name, memory);
    }

    /**
     * Reads the chain that begins with {@code head}, whose flags were read already and show that it is available.
     *
     * @return the number of ring descriptors of the chain
     */
    int read(int head, int headFlags, Chain chain) {
        chain.clear();
        chain.head = head;
        int index = head;
        int flags = headFlags;
        int marks = headFlags & PackedLayout.MARKS;
        for (int taken = 1; taken <= size; taken++) {
            long at = (long) PackedLayout.SIZE * index;
            long addr = (long) PackedLayout.ADDR.get(descriptors, at);
            int len = (int) PackedLayout.LEN.get(descriptors, at);
            int id = (short) PackedLayout.ID.get(descriptors, at) & 0xffff;
            if ((flags & PackedLayout.INDIRECT) != 0) {
                readIndirect(index, addr, len, flags, taken, chain);
            } else {
                pieces.add(chain, "descriptor", index, addr, len, (flags & PackedLayout.WRITE) != 0);
            }
            if ((flags & PackedLayout.NEXT) == 0) {
                chain.id = id | taken << 16;
                return taken;
            }
            index++;
            if (index == size) {
                index = 0;
                marks ^= PackedLayout.MARKS;
            }
            flags = (short) PackedLayout.FLAGS.get(descriptors, (long) PackedLayout.SIZE * index) & 0xffff;
            if ((flags & PackedLayout.MARKS) != marks && taken < size) {
                // The driver makes the head available last, so the rest of the chain was available before it.
                throw new RingFault("%s: the chain from descriptor %d continues at %d, which is not available"
                        .formatted(name, head, index));
            }
        }
        throw new RingFault("%s: the chain from descriptor %d has more descriptors than the %d of its ring"
                .formatted(name, head, size));
    }

    /**
     * Reads an indirect table. All its entries belong to the chain; of their flags only WRITE has a meaning (2.8.7).
     */
    private void readIndirect(int index, long table, int len, int flags, int taken, Chain chain) {
        long bytes = Integer.toUnsignedLong(len);
        if (!indirectAllowed) {
            throw new RingFault(
                    "%s: descriptor %d is indirect but INDIRECT_DESC was not negotiated".formatted(name, index));
        }
        if ((flags & PackedLayout.NEXT) != 0) {
            throw new RingFault("%s: descriptor %d is indirect and has NEXT set".formatted(name, index));
        }
        if (taken != 1) {
            throw new RingFault("%s: descriptor %d is indirect and follows another descriptor".formatted(name, index));
        }
        if (bytes == 0 || bytes % PackedLayout.SIZE != 0) {
            throw new RingFault("%s: descriptor %d has an indirect table of %d bytes, not a multiple of %d"
                    .formatted(name, index, bytes, PackedLayout.SIZE));
        }
        long entries = bytes / PackedLayout.SIZE;
        if (entries > Chain.MAX_PIECES) {
            throw new RingFault("%s: descriptor %d has an indirect table of %d entries, more than %d"
                    .formatted(name, index, entries, Chain.MAX_PIECES));
        }
        long whole = memory.translate(table, bytes);
        for (int entry = 0; entry < entries; entry++) {
            long offset = (long) PackedLayout.SIZE * entry;
            // The whole table is nearly always in one region; otherwise each entry must be in one.
            long at = whole != 0 ? whole + offset : memory.translate(table + offset, PackedLayout.SIZE);
            if (at == 0 && memory.isTranslated()) {
                throw new IotlbMiss(table + offset, false);
            }
            if (at == 0) {
                throw new RingFault(
                        "%s: descriptor %d has an indirect table at guest address 0x%x whose entry %d is not in memory"
                                .formatted(name, index, table, entry));
            }
            long addr = HostMemory.getLongLE(at);
            long lenIdFlags = HostMemory.getLongLE(at + 8);
            boolean writable = !tablesAreRead && (lenIdFlags >>> 48 & PackedLayout.WRITE) != 0;
            pieces.add(chain, "indirect entry", entry, addr, (int) lenIdFlags, writable);
        }
    }
}
