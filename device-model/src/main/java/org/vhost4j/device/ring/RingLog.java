// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.DirtyPages;

/** Collects what the device writes into the parts of one ring, by their offsets. */
final class RingLog {
    private final DirtyPages pages;
    private final long usedAddress;

    RingLog(DirtyPages pages, long usedAddress) {
        this.pages = pages;
        this.usedAddress = usedAddress;
    }

    /** Something of the used ring, or of the device event suppression structure, was written. */
    void used(long offset, long bytes) {
        if (usedAddress != QueueLog.UNLOGGED) {
            pages.wroteGuest(usedAddress + offset, bytes);
        }
    }

    /** Something of a packed ring was written; its parts are logged where they are. */
    void part(MemorySegment part, long offset, long bytes) {
        pages.wrote(part.address() + offset, bytes);
    }
}
