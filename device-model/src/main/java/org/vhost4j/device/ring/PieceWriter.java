// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.IotlbMiss;

/** Checks and translates the buffers of descriptors of either ring format, and appends them to a chain. */
final class PieceWriter {
    private final String name;
    private final GuestMemory toRead;
    private final GuestMemory toWrite;

    PieceWriter(String name, GuestMemory memory) {
        this.name = name;
        this.toRead = memory;
        this.toWrite = memory.forWriting();
    }

    /** Appends a buffer; {@code what} and {@code index} name its descriptor in messages. */
    void add(Chain chain, String what, int index, long addr, int len, boolean writable) {
        long bytes = Integer.toUnsignedLong(len);
        if (!writable && chain.pieces != chain.readable) {
            throw new RingFault("%s: %s %d is readable but follows a writable one".formatted(name, what, index));
        }
        if (bytes == 0) {
            return;
        }
        long host = (writable ? toWrite : toRead).translate(addr, bytes);
        int n = chain.pieces;
        if (host == 0 || n == Chain.MAX_PIECES || bytes > Integer.MAX_VALUE) {
            addParts(chain, what, index, addr, bytes, writable);
            return;
        }
        chain.address[n] = host;
        chain.length[n] = len;
        chain.pieces = n + 1;
        if (writable) {
            chain.writableBytes += bytes;
        } else {
            chain.readable = n + 1;
            chain.readableBytes += bytes;
        }
    }

    /**
     * Appends a buffer in the rare cases: a buffer that crosses from one memory region into the next, or that breaks a
     * rule.
     */
    private void addParts(Chain chain, String what, int index, long addr, long bytes, boolean writable) {
        if (bytes > Integer.MAX_VALUE) {
            throw new RingFault("%s: %s %d has a length of %d bytes, more than %d"
                    .formatted(name, what, index, bytes, Integer.MAX_VALUE));
        }
        long at = addr;
        long left = bytes;
        while (left > 0) {
            long part = Math.min(left, (writable ? toWrite : toRead).contiguous(at));
            if (part == 0) {
                missing(what, index, at, writable);
                throw new RingFault("%s: %s %d with 0x%x bytes at guest address 0x%x is not in memory"
                        .formatted(name, what, index, bytes, addr));
            }
            if (chain.pieces == Chain.MAX_PIECES) {
                throw new RingFault("%s: %s %d makes a chain of more than %d pieces"
                        .formatted(name, what, index, Chain.MAX_PIECES));
            }
            add(chain, what, index, at, (int) part, writable);
            at += part;
            left -= part;
        }
    }

    /**
     * Throws for an address without translation: behind an IOMMU an IOTLB miss, unless the address is mapped for the
     * other direction only.
     */
    private void missing(String what, int index, long at, boolean writable) {
        if (!toRead.isTranslated()) {
            return;
        }
        if ((writable ? toRead : toWrite).contiguous(at) == 0) {
            throw new IotlbMiss(at, writable);
        }
        throw new RingFault("%s: %s %d is to be %s, and its I/O virtual address 0x%x is mapped %s"
                .formatted(
                        name, what, index, writable ? "written" : "read", at, writable ? "read-only" : "write-only"));
    }
}
