// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.MemoryFault;

/** The address space of ring addresses: the front-end's own virtual addresses, or I/O virtual addresses behind its IOMMU. */
interface RingMemory {
    /**
     * Returns the memory of a part of a ring.
     *
     * @param what purpose of the memory, for the message
     * @param address address of the first byte, as in SET_VRING_ADDR
     * @param bytes number of bytes
     * @param write whether the device writes the memory
     * @return the mapping in this process
     * @throws RefusedException when part of it is not in memory
     * @throws org.vhost4j.device.memory.IotlbMiss when a translation is missing
     */
    MemorySegment slice(String what, long address, long bytes, boolean write) throws RefusedException;

    /**
     * Returns the guest-physical address under which writes to a used ring are logged.
     *
     * @param address the address in SET_VRING_ADDR
     * @param bytes length of the used ring
     * @return the address; without an IOMMU it need not be in the memory table
     * @throws RefusedException when an IOMMU translates only a part of it
     * @throws org.vhost4j.device.memory.IotlbMiss when a translation is missing
     */
    long logAddress(long address, long bytes) throws RefusedException;

    /** Returns the name of this kind of address, for messages. */
    String addressKind();

    /** Returns the memory at addresses of the front-end's own address space. */
    static RingMemory of(GuestMemory table) {
        return new RingMemory() {
            @Override
            public MemorySegment slice(String what, long address, long bytes, boolean write) throws RefusedException {
                try {
                    return table.userSlice(what, address, bytes);
                } catch (MemoryFault e) {
                    throw new RefusedException(e);
                }
            }

            @Override
            public long logAddress(long address, long bytes) {
                return address;
            }

            @Override
            public String addressKind() {
                return "user address";
            }
        };
    }
}
