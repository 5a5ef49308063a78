// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.DirtyPages;

/** Logs the device's writes to one ring; the caller gives their offsets within a part of the ring. */
final class RingLog {
    private final DirtyPages pages;
    private final long usedAddress;

    RingLog(DirtyPages pages, long usedAddress) {
        this.pages = pages;
        this.usedAddress = usedAddress;
    }

    /** Logs a write to the used ring, or to the device event suppression structure. */
    void used(long offset, long bytes) {
        if (usedAddress != QueueLog.UNLOGGED) {
            pages.wroteGuest(usedAddress + offset, bytes);
        }
    }

    /** Logs a write to a part of a packed ring, under the guest-physical address of the part. */
    void part(MemorySegment part, long offset, long bytes) {
        pages.wrote(part.address() + offset, bytes);
    }
}
