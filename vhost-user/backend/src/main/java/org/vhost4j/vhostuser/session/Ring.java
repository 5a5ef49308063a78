// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.ring.InflightRegion;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.VringAddress;

/**
 * The front-end's settings for one ring, and its state. A ring is <em>started</em> from SET_VRING_KICK to
 * GET_VRING_BASE. It <em>runs</em>, which means that the device processes it, while it is started and its addresses are
 * in the memory table.
 */
final class Ring {
    final int index;
    /** Number of descriptors, 0 until SET_VRING_NUM. */
    int size;

    @Nullable
    VringAddress address;
    /** Position; null until SET_VRING_BASE, or until the ring was stopped. */
    @Nullable
    Integer base;

    boolean enabled;
    boolean started;
    boolean runs;
    /** Whether the ring runs but is suspended until its memory is accessible again. */
    boolean suspended;

    /** The setup with which the ring was last started. */
    @Nullable
    QueueSetup setup;

    @Nullable
    Fd kick;

    @Nullable
    Fd call;

    @Nullable
    Fd err;

    Ring(int index) {
        this.index = index;
    }

    /**
     * Returns the queue over the given memory, or throws an exception with the reason why it cannot run.
     *
     * @param logging log for its writes, or null
     * @param inflight area in which its chains are tracked, or null
     */
    QueueSetup resolve(
            RingLayout layout, RingMemory memory, Logging.@Nullable Target logging, @Nullable InflightRegion inflight)
            throws RefusedException {
        VringAddress at = address;
        if (size == 0) {
            throw new RefusedException("it has no size; SET_VRING_NUM must come before SET_VRING_KICK");
        }
        if (at == null) {
            throw new RefusedException("it has no addresses; SET_VRING_ADDR must come before SET_VRING_KICK");
        }
        int from = base == null ? layout.startBase() : base;
        try {
            layout.validateSize(size);
            layout.validateBase(from, size);
        } catch (RingFault e) {
            throw new RefusedException(e);
        }
        if (inflight != null) {
            requireRoom(layout, inflight);
        }
        return new QueueSetup(
                index,
                layout,
                size,
                slice(
                        memory,
                        "descriptor table",
                        at.descriptors(),
                        layout.descriptorBytes(size),
                        RingLayout.DESCRIPTOR_ALIGNMENT,
                        layout == RingLayout.PACKED),
                slice(memory, "available ring", at.avail(), layout.availBytes(size), layout.availAlignment(), false),
                slice(memory, "used ring", at.used(), layout.usedBytes(size), RingLayout.USED_ALIGNMENT, true),
                from,
                enabled,
                kick,
                call,
                err,
                identity(at),
                logging == null ? null : log(layout, memory, at, logging),
                inflight);
    }

    private void requireRoom(RingLayout layout, InflightRegion inflight) throws RefusedException {
        if (size > inflight.entries()) {
            throw new RefusedException(
                    "its size is %d, and the in-flight area is for queues of %d".formatted(size, inflight.entries()));
        }
        long needed = layout.inflightBytes(inflight.entries());
        if (inflight.bytes() < needed) {
            throw new RefusedException(
                    "the in-flight area has %d bytes for it, and it takes %d".formatted(inflight.bytes(), needed));
        }
    }

    /**
     * Returns a number that identifies a ring's memory. It is made of the ring's addresses, which do not change while the front-end process
     * and its driver live.
     */
    private static long identity(VringAddress at) {
        return at.descriptors() ^ Long.rotateLeft(at.avail(), 21) ^ Long.rotateLeft(at.used(), 42);
    }

    private QueueLog log(RingLayout layout, RingMemory memory, VringAddress at, Logging.Target logging)
            throws RefusedException {
        boolean usedRing = (at.flags() & VringAddress.LOG) != 0;
        return new QueueLog(
                logging.log(),
                logging.memory(),
                usedRing ? memory.logAddress(at.log(), layout.usedBytes(size)) : QueueLog.UNLOGGED);
    }

    /** Returns whether two setups of the ring refer to the same memory. */
    static boolean sameMemory(QueueSetup one, QueueSetup other) {
        return one.descriptors().address() == other.descriptors().address()
                && one.avail().address() == other.avail().address()
                && one.used().address() == other.used().address();
    }

    private static MemorySegment slice(
            RingMemory memory, String what, long address, long bytes, int alignment, boolean write)
            throws RefusedException {
        MemorySegment slice = memory.slice(what, address, bytes, write);
        // The address in this process is checked, too: a region may begin at another offset within a page here.
        if ((address & (alignment - 1)) != 0 || (slice.address() & (alignment - 1)) != 0) {
            throw new RefusedException("%s at %s 0x%x is not aligned to %d bytes"
                    .formatted(what, memory.addressKind(), address, alignment));
        }
        return slice;
    }

    /** Resets the settings of a stopped ring, except for the call and error descriptors, which front-ends do not send again. */
    void reset() {
        size = 0;
        address = null;
        base = null;
        enabled = false;
    }

    void closeKick() {
        close(kick);
        kick = null;
    }

    void closeDescriptors() {
        closeKick();
        close(call);
        call = null;
        close(err);
        err = null;
    }

    static void close(@Nullable Fd descriptor) {
        if (descriptor != null) {
            descriptor.close();
        }
    }
}
