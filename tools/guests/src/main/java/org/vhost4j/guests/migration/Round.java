// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.util.List;

/**
 * One migration.
 *
 * @param quiet the stream just before it, with the destination's QEMU started already
 * @param event the stream from its beginning until a second after its end
 * @param totalMillis QEMU's {@code total-time}
 * @param downtimeMillis QEMU's {@code downtime}: from the source's stop until the destination may run
 * @param compared whether memory was compared; the destination stays stopped for it, so the gap says nothing
 * @param differingPages offsets of the pages in which source and destination differ
 */
public record Round(
        Interval quiet,
        Interval event,
        long totalMillis,
        long downtimeMillis,
        boolean compared,
        List<Long> differingPages) {
    /** Copies the list. */
    public Round {
        differingPages = List.copyOf(differingPages);
    }
}
