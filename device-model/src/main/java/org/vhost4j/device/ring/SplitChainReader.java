// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.memory.IotlbMiss;

/**
 * Reads a chain of split descriptors, direct or indirect (virtio 1.4 section 2.7.5), each descriptor once, and
 * translates the addresses.
 */
final class SplitChainReader {
    private final String name;
    private final int size;
    private final MemorySegment descriptors;
    private final boolean indirectAllowed;
    private final GuestMemory memory;
    private final PieceWriter pieces;

    SplitChainReader(String name, int size, MemorySegment descriptors, GuestMemory memory, boolean indirectAllowed) {
        this.name = name;
        this.size = size;
        this.descriptors = descriptors;
        this.memory = memory;
        this.pieces = new PieceWriter(name, memory);
        this.indirectAllowed = indirectAllowed;
    }

    /** Reads the chain that begins with {@code head}. */
    void read(int head, Chain chain) {
        if (head >= size) {
            throw new RingFault("%s: available ring names descriptor %d of %d".formatted(name, head, size));
        }
        chain.clear();
        chain.id = head;
        chain.head = head;
        int index = head;
        long[] address = chain.address;
        int[] length = chain.length;
        int count = 0;
        long bytes = 0;
        // A chain uses no descriptor twice, so one that continues after 'size' of them is a loop.
        for (int left = size; left > 0; left--) {
            long at = (long) DescriptorLayout.SIZE * index;
            long addr = (long) DescriptorLayout.ADDR.get(descriptors, at);
            long rest = (long) DescriptorLayout.LEN_FLAGS_NEXT.get(descriptors, at);
            int len = (int) rest;
            int flags = (int) (rest >>> 32);
            // Fast path for descriptors that are readable, in one region and not empty, as most descriptors are.
            boolean plain = (flags & (DescriptorLayout.INDIRECT | DescriptorLayout.WRITE)) == 0
                    && len > 0
                    && count < Chain.MAX_PIECES;
            long host = plain ? memory.translate(addr, len) : 0;
            if (host == 0) {
                chain.readable(count, bytes);
                readAny(index, addr, rest, left, chain);
                return;
            }
            address[count] = host;
            length[count] = len;
            count++;
            bytes += len;
            if ((flags & DescriptorLayout.NEXT) == 0) {
                chain.readable(count, bytes);
                return;
            }
            int next = (int) (rest >>> 48);
            if (next >= size) {
                throw outside(index, next);
            }
            index = next;
        }
        throw circle(head);
    }

    /** Reads the rest of a chain with any kinds of descriptors, from one on whose fields were read already. */
    private void readAny(int first, long firstAddr, long firstRest, int most, Chain chain) {
        int index = first;
        long addr = firstAddr;
        long rest = firstRest;
        int left = most;
        while (true) {
            int flags = (int) (rest >>> 32) & 0xffff;
            int next = (int) (rest >>> 48);
            if ((flags & DescriptorLayout.INDIRECT) != 0) {
                readIndirect(index, addr, (int) rest, flags, chain);
                return;
            }
            pieces.add(chain, "descriptor", index, addr, (int) rest, (flags & DescriptorLayout.WRITE) != 0);
            if ((flags & DescriptorLayout.NEXT) == 0) {
                return;
            }
            if (next >= size) {
                throw outside(index, next);
            }
            left--;
            if (left == 0) {
                throw circle(chain.head);
            }
            index = next;
            long at = (long) DescriptorLayout.SIZE * index;
            addr = (long) DescriptorLayout.ADDR.get(descriptors, at);
            rest = (long) DescriptorLayout.LEN_FLAGS_NEXT.get(descriptors, at);
        }
    }

    private RingFault outside(int index, int next) {
        return new RingFault("%s: descriptor %d continues at %d of %d".formatted(name, index, next, size));
    }

    private RingFault circle(int head) {
        return new RingFault("%s: the chain from descriptor %d contains a loop".formatted(name, head));
    }

    private void readIndirect(int index, long table, int len, int flags, Chain chain) {
        long bytes = Integer.toUnsignedLong(len);
        if (!indirectAllowed) {
            throw new RingFault(
                    "%s: descriptor %d is indirect but INDIRECT_DESC was not negotiated".formatted(name, index));
        }
        if ((flags & DescriptorLayout.NEXT) != 0) {
            throw new RingFault("%s: descriptor %d is indirect and has NEXT set".formatted(name, index));
        }
        if (bytes == 0 || bytes % DescriptorLayout.SIZE != 0) {
            throw new RingFault("%s: descriptor %d has an indirect table of %d bytes, not a multiple of %d"
                    .formatted(name, index, bytes, DescriptorLayout.SIZE));
        }
        long entries = bytes / DescriptorLayout.SIZE;
        if (entries > Chain.MAX_PIECES) {
            throw new RingFault("%s: descriptor %d has an indirect table of %d entries, more than %d"
                    .formatted(name, index, entries, Chain.MAX_PIECES));
        }
        long whole = memory.translate(table, bytes);
        int entry = 0;
        for (int left = (int) entries; left > 0; left--) {
            long offset = (long) DescriptorLayout.SIZE * entry;
            // The whole table is nearly always in one region; otherwise each entry must be in one.
            long at = whole != 0 ? whole + offset : memory.translate(table + offset, DescriptorLayout.SIZE);
            if (at == 0 && memory.isTranslated()) {
                throw new IotlbMiss(table + offset, false);
            }
            if (at == 0) {
                throw new RingFault(
                        "%s: descriptor %d has an indirect table at guest address 0x%x whose entry %d is not in memory"
                                .formatted(name, index, table, entry));
            }
            long addr = HostMemory.getLongLE(at);
            long lenFlagsNext = HostMemory.getLongLE(at + 8);
            int entryLen = (int) lenFlagsNext;
            int entryFlags = (int) (lenFlagsNext >>> 32) & 0xffff;
            int next = (int) (lenFlagsNext >>> 48);
            if ((entryFlags & DescriptorLayout.INDIRECT) != 0) {
                throw new RingFault("%s: entry %d of the indirect table of descriptor %d is indirect itself"
                        .formatted(name, entry, index));
            }
            pieces.add(chain, "indirect entry", entry, addr, entryLen, (entryFlags & DescriptorLayout.WRITE) != 0);
            if ((entryFlags & DescriptorLayout.NEXT) == 0) {
                return;
            }
            if (next >= entries) {
                throw new RingFault("%s: entry %d of the indirect table of descriptor %d continues at %d of %d"
                        .formatted(name, entry, index, next, entries));
            }
            entry = next;
        }
        throw new RingFault("%s: the indirect table of descriptor %d contains a loop".formatted(name, index));
    }
}
