// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.ring.InflightRegion;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;

/**
 * The settings with which a queue is started. The segments are in the memory of the last {@link SessionEffects#memoryChanged}. The
 * descriptors belong to the session, which closes one only after it has replaced it at the device or stopped the queue.
 *
 * @param index index of the virtqueue, from 0
 * @param layout layout of the ring
 * @param size the number of descriptors: 1 to 32768, a power of two for a split ring
 * @param descriptors the descriptor table or the packed ring: 16 bytes each, aligned to 16
 * @param avail the available ring with its {@code used_event}, aligned to 2; or the driver event suppression structure, aligned to 4
 * @param used the used ring with its {@code avail_event}, or the device event suppression structure; aligned to 4
 * @param base position at which to start, as in SET_VRING_BASE: for a split ring the next available index; for a packed ring the next
 *     available index and wrap counter in the low 16 bits, and the next used index and wrap counter in the high 16 bits
 * @param enabled whether the queue is enabled; for a disabled queue the device discards transmitted frames and delivers none
 * @param kick kick descriptor, which the driver signals; null when the ring must be polled
 * @param call call descriptor, which interrupts the driver; null when the driver polls
 * @param err error descriptor, which is signalled when the queue fails; null for none
 * @param ring number that identifies the ring's memory; different for other rings of the same front-end
 * @param log log for the queue's writes during a migration, or null
 * @param inflight region in which chains in flight are tracked, or null
 */
public record QueueSetup(
        int index,
        RingLayout layout,
        int size,
        MemorySegment descriptors,
        MemorySegment avail,
        MemorySegment used,
        int base,
        boolean enabled,
        @Nullable Fd kick,
        @Nullable Fd call,
        @Nullable Fd err,
        long ring,
        @Nullable QueueLog log,
        @Nullable InflightRegion inflight) {
    /** Returns the same queue with another log. */
    QueueSetup loggedIn(@Nullable QueueLog other) {
        return new QueueSetup(
                index, layout, size, descriptors, avail, used, base, enabled, kick, call, err, ring, other, inflight);
    }
}
