// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.IotlbMiss;
import org.vhost4j.device.memory.Translations;
import org.vhost4j.vhostuser.wire.IotlbMessage;

/**
 * The IOTLB entries that the front-end has sent (vhost-user protocol, "IOMMU support"). They translate I/O virtual addresses to memory of
 * its memory table.
 */
final class Iommu implements RingMemory {
    private final Translations translations = new Translations();
    private GuestMemory table = GuestMemory.EMPTY;

    /** Returns the memory that devices behind the IOMMU can access. */
    GuestMemory memory() {
        return translations.memory();
    }

    /** Sets a changed memory table. All translations become invalid and cause IOTLB misses again. */
    void table(GuestMemory changed) {
        table = changed;
        translations.clear();
    }

    /** Applies an IOTLB update or invalidation. When this returns, no invalidated translation is used any more. */
    void apply(IotlbMessage message) throws RefusedException {
        switch (message.type()) {
            case IotlbMessage.UPDATE -> update(message);
            case IotlbMessage.INVALIDATE -> translations.invalidate(message.iova(), message.bytes());
            default ->
                throw new RefusedException(
                        "IOTLB message of type " + message.type() + ": a front-end sends 2 (update) or 3 (invalidate)");
        }
    }

    private void update(IotlbMessage message) throws RefusedException {
        boolean read = (message.permission() & IotlbMessage.READ) != 0;
        boolean write = (message.permission() & IotlbMessage.WRITE) != 0;
        if ((!read && !write) || message.permission() > (IotlbMessage.READ | IotlbMessage.WRITE)) {
            throw new RefusedException(
                    "permission %d of I/O virtual address 0x%x: 1 (read), 2 (write) or 3 (both) are allowed"
                            .formatted(message.permission(), message.iova()));
        }
        for (GuestRegion region : table.regions()) {
            long offset = message.userAddress() - region.userAddress();
            if (Long.compareUnsigned(offset, region.size()) < 0) {
                // An IOMMU in pass-through mode maps more addresses than there is memory.
                long there = region.size() - offset;
                long bytes = Long.compareUnsigned(message.bytes(), there) < 0 ? message.bytes() : there;
                translations.update(message.iova(), bytes, region.memory().address() + offset, read, write);
                return;
            }
        }
        throw new RefusedException("user address 0x%x of I/O virtual address 0x%x is in no memory region"
                .formatted(message.userAddress(), message.iova()));
    }

    @Override
    public MemorySegment slice(String what, long address, long bytes, boolean write) throws RefusedException {
        GuestMemory view = write ? memory().forWriting() : memory();
        long host = view.translate(address, bytes);
        if (host == 0) {
            long next = address + view.contiguous(address);
            // If a range is only partly mapped, only its next page is requested, because a range that is mapped in
            // pieces is sent page by page.
            if (next - address < bytes && view.contiguous(next) == 0) {
                if ((write ? memory() : memory().forWriting()).contiguous(next) != 0) {
                    throw new RefusedException("the %s needs I/O virtual address 0x%x to be %s, and it is mapped %s"
                            .formatted(what, next, write ? "written" : "read", write ? "read-only" : "write-only"));
                }
                throw new IotlbMiss(next, write);
            }
            throw new RefusedException("the %s at I/O virtual address 0x%x with %d bytes is not in one piece"
                    .formatted(what, address, bytes));
        }
        for (GuestRegion region : table.regions()) {
            long offset = host - region.memory().address();
            if (offset >= 0 && offset <= region.size() - bytes) {
                return region.memory().asSlice(offset, bytes);
            }
        }
        throw new RefusedException("the %s at I/O virtual address 0x%x with %d bytes crosses memory regions"
                .formatted(what, address, bytes));
    }

    /** Translates the log address. QEMU passes the driver's address, which is I/O virtual like the address of the used ring. */
    @Override
    public long logAddress(long address, long bytes) throws RefusedException {
        MemorySegment slice = slice("log address of the used ring", address, bytes, true);
        for (GuestRegion region : table.regions()) {
            long offset = slice.address() - region.memory().address();
            if (offset >= 0 && offset < region.size()) {
                return region.guestAddress() + offset;
            }
        }
        throw new IllegalStateException("a slice of no region");
    }

    @Override
    public String addressKind() {
        return "I/O virtual address";
    }
}
