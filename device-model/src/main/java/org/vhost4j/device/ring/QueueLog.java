// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.memory.GuestMemory;

/**
 * The log for the writes of one queue during a migration (vhost-user protocol, "Migration").
 *
 * @param log the log of dirty pages
 * @param memory the memory table, never an IOMMU's view of it
 * @param usedAddress guest-physical address under which writes to the used ring are logged, or to the device event suppression
 *     structure of a packed ring; {@link #UNLOGGED} when they are not
 */
public record QueueLog(DirtyLog log, GuestMemory memory, long usedAddress) {
    /** The used ring is not logged. */
    public static final long UNLOGGED = -1;
}
