// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.vhostuser.wire.VringAddress;

/**
 * Determines whether the writes of all rings are logged, and in which log. A log must be set (SET_LOG_BASE), and logging must be on
 * (LOG_ALL).
 */
final class Logging {
    private @Nullable DirtyLog log;
    private boolean wanted;

    /**
     * The log in use, with the memory table whose pages it covers.
     *
     * @param log the log of dirty pages
     * @param memory the memory table
     */
    record Target(DirtyLog log, GuestMemory memory) {}

    /** Executes SET_FEATURES; returns whether logging was switched on or off. */
    boolean want(boolean now) {
        boolean changed = wanted != now;
        wanted = now;
        return changed;
    }

    /** Executes SET_LOG_BASE. */
    void use(DirtyLog now) {
        log = now;
    }

    /** Removes the log. */
    void end() {
        log = null;
    }

    @Nullable
    Target target(GuestMemory memory) {
        DirtyLog now = log;
        return wanted && now != null ? new Target(now, memory) : null;
    }

    /** Returns whether writes are logged in the given log. */
    boolean isIn(DirtyLog there) {
        return wanted && there.equals(log);
    }

    /**
     * Requires that a log be large enough for the memory. QEMU enlarges it before it adds memory, and shrinks it after
     * it has removed memory.
     */
    static void requireCovered(DirtyLog candidate, GuestMemory memory) throws RefusedException {
        for (GuestRegion region : memory.regions()) {
            requireCovered(candidate, "the memory region", region.guestAddress(), region.size());
        }
    }

    /**
     * Requires that a log be large enough for the guest-physical address under which a ring's used ring is logged. That address need not be
     * in the memory table.
     */
    static void requireCovered(DirtyLog candidate, Ring ring, RingLayout layout) throws RefusedException {
        VringAddress at = ring.address;
        if (at != null && (at.flags() & VringAddress.LOG) != 0) {
            requireCovered(candidate, "the used ring of ring " + ring.index, at.log(), layout.usedBytes(ring.size));
        }
    }

    private static void requireCovered(DirtyLog candidate, String what, long address, long bytes)
            throws RefusedException {
        if (!candidate.covers(address, bytes)) {
            throw new RefusedException("it ends at guest address 0x%x, before the end of %s at 0x%x with 0x%x bytes"
                    .formatted(candidate.coveredBytes(), what, address, bytes));
        }
    }
}
