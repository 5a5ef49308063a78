// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.memory.GuestMemory;

/**
 * The dirty log for the writes of one queue during a migration (vhost-user protocol, "Migration").
 *
 * @param log the log of dirty pages
 * @param memory the memory table, never an IOMMU's view of it
 * @param usedAddress guest-physical address under which writes to the used ring, or to the device event suppression
 *     structure of a packed ring, are logged; {@link #UNLOGGED} when they are not logged
 */
public record QueueLog(DirtyLog log, GuestMemory memory, long usedAddress) {
    /** Value of {@link #usedAddress} when writes to the used ring are not logged. */
    public static final long UNLOGGED = -1;
}
