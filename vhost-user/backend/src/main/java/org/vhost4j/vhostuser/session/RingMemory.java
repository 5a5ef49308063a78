// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.MemoryFault;

/** Where ring addresses lead: into the front-end's own address space, or through its IOMMU. */
interface RingMemory {
    /**
     * A part of a ring.
     *
     * @param what what it is for, for the message
     * @param address its first byte, as in SET_VRING_ADDR
     * @param bytes its length
     * @param write whether the device writes there
     * @return our mapping of it
     * @throws RefusedException when it is not in memory as a whole
     * @throws org.vhost4j.device.memory.IotlbMiss when a translation is missing
     */
    MemorySegment slice(String what, long address, long bytes, boolean write) throws RefusedException;

    /**
     * The guest-physical address under which writes to a used ring are logged.
     *
     * @param address as in SET_VRING_ADDR
     * @param bytes length of the used ring
     * @return the address; it need not be in memory where there is no IOMMU
     * @throws RefusedException when an IOMMU does not translate it as a whole
     * @throws org.vhost4j.device.memory.IotlbMiss when a translation is missing
     */
    long logAddress(long address, long bytes) throws RefusedException;

    /** What its addresses are called in messages. */
    String addressKind();

    /** Addresses of the front-end in its memory table. */
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
