// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** The memory of a guest: regions in the back-end's memory table, some of which may be added and removed while rings run. */
public final class GuestRam implements AutoCloseable {
    /** Distance in bytes between the regions' guest-physical addresses, so that there are holes between them. */
    private static final long STRIDE = 1L << 32;

    private final FrontEnd frontEnd;
    private final List<Ram> regions = new ArrayList<>();
    private final Ram rings;
    private final Ram receive;
    private final Ram transmit;
    private final boolean hugePages;
    private long next;
    private boolean shared;

    /** Creates the regions; the memory table is not sent yet. */
    GuestRam(FrontEnd frontEnd, long guestBase, RamSetup setup) {
        this.frontEnd = frontEnd;
        this.hugePages = setup.hugePages();
        this.next = guestBase;
        try {
            this.rings = create(setup.bytes());
            this.receive = setup.apart() ? create(setup.bytes()) : rings;
            this.transmit = setup.apart() ? create(setup.bytes()) : rings;
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Creates guest memory that consists of one existing region. */
    GuestRam(FrontEnd frontEnd, Ram only) {
        this.frontEnd = frontEnd;
        this.hugePages = false;
        this.next = only.guestAddress() + STRIDE;
        this.rings = only;
        this.receive = only;
        this.transmit = only;
        regions.add(only);
    }

    private Ram create(long bytes) {
        Ram ram = hugePages ? Ram.huge(next, bytes) : Ram.create(next, bytes);
        next += STRIDE;
        regions.add(ram);
        return ram;
    }

    /**
     * Returns the region that contains the rings.
     *
     * @return the region, still owned by this object
     */
    public Ram rings() {
        return rings;
    }

    /** Returns the region in which receive buffers are initially. */
    Ram receive() {
        return receive;
    }

    /** Returns the region in which transmit buffers are initially. */
    Ram transmit() {
        return transmit;
    }

    /**
     * Returns every region.
     *
     * @return a copy of the list
     */
    public List<Ram> regions() {
        return List.copyOf(regions);
    }

    /**
     * Returns the region that contains an address.
     *
     * @param guestAddress a guest-physical address
     * @return the region
     * @throws IllegalArgumentException when no region contains the address
     */
    public Ram at(long guestAddress) {
        for (Ram ram : regions) {
            if (guestAddress >= ram.guestAddress() && guestAddress - ram.guestAddress() < ram.bytes()) {
                return ram;
            }
        }
        throw new IllegalArgumentException("no region has guest address 0x%x".formatted(guestAddress));
    }

    /** Sends all regions to the back-end: one by one to a back-end with memory slots, otherwise in one table. */
    public void share() {
        if (hasSlots()) {
            regions.forEach(frontEnd::addMemReg);
        } else {
            frontEnd.setMemTable(regions);
        }
        shared = true;
    }

    private boolean hasSlots() {
        return ProtocolFeature.CONFIGURE_MEM_SLOTS.in(frontEnd.protocolFeatures());
    }

    /**
     * Adds a region with ADD_MEM_REG or, when the back-end has no memory slots, with a new table. Rings may be running.
     *
     * @param bytes the size in bytes, a multiple of the page size
     * @return the region
     * @throws FrontEndException when the back-end refused the region; the guest memory is then unchanged
     */
    public Ram plug(long bytes) {
        Ram ram = create(bytes);
        try {
            if (shared) {
                announce(ram, true);
            }
            return ram;
        } catch (RuntimeException e) {
            regions.remove(ram);
            ram.close();
            throw e;
        }
    }

    /**
     * Removes a region with REM_MEM_REG or a new table. The region must contain no ring and no buffer in flight.
     *
     * @param ram a region that {@link #plug} returned; it is closed
     */
    public void unplug(Ram ram) {
        if (ram == rings || !regions.remove(ram)) {
            throw new IllegalArgumentException("this region cannot be removed");
        }
        try {
            announce(ram, false);
        } finally {
            ram.close();
        }
    }

    private void announce(Ram ram, boolean comes) {
        if (!hasSlots()) {
            frontEnd.setMemTable(regions);
        } else if (comes) {
            frontEnd.addMemReg(ram);
        } else {
            frontEnd.remMemReg(ram);
        }
    }

    @Override
    public void close() {
        regions.forEach(Ram::close);
    }
}
