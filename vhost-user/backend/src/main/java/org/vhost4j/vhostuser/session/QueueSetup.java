// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.ring.InflightRegion;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;

/**
 * Everything that a queue needs to start. The segments lie in the memory of the last {@link
 * SessionEffects#memoryChanged}; the descriptors belong to the session, which closes one only after it has replaced it
 * at the device or stopped the queue.
 *
 * @param index index of the virtqueue, from 0
 * @param layout layout of the ring
 * @param size the number of descriptors: 1 to 32768, of a split ring a power of two
 * @param descriptors the descriptor table or the packed ring: 16 bytes each, aligned to 16
 * @param avail the available ring with its {@code used_event}, aligned to 2; or the driver event suppression structure, aligned
 *     to 4
 * @param used the used ring with its {@code avail_event}, or the device event suppression structure; aligned to 4
 * @param base position at which to begin, as in SET_VRING_BASE: of a split ring the next available index; of a packed
 *     ring that index and wrap counter in the low half, the next used index and wrap counter in the high half
 * @param enabled whether the queue is enabled; a disabled queue discards the frames that it sends, and receives nothing
 * @param kick descriptor that the driver signals, or null: then the ring has to be polled
 * @param call descriptor by which the driver is interrupted, or null: then the driver polls
 * @param err descriptor that is signalled when the queue fails, or null
 * @param ring identifies the memory of the ring among those of the same front-end
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
