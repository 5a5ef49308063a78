// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * The measurements of one migration.
 *
 * @param quiet the observations just before the migration, with the destination's QEMU started already
 * @param event the observations from the beginning of the migration until one second after its end
 * @param totalMillis QEMU's {@code total-time}, in milliseconds
 * @param downtimeMillis QEMU's {@code downtime}, in milliseconds: from the source's stop until the destination may run
 * @param compared whether memory was compared; the destination stays stopped for the comparison, so that the gap is not meaningful
 * @param differingPages the offsets of the pages that differ between source and destination
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

    /**
     * Creates a round from QEMU's report.
     *
     * @param info the source's answer to {@code query-migrate}
     */
    static Round of(Interval quiet, Interval event, JsonNode info, boolean compared, List<Long> differingPages) {
        return new Round(
                quiet,
                event,
                info.path("total-time").asLong(0),
                info.path("downtime").asLong(0),
                compared,
                differingPages);
    }

    /** Returns this round with an earlier interval added to the event. */
    Round after(Interval earlier) {
        return new Round(quiet, earlier.and(event), totalMillis, downtimeMillis, compared, differingPages);
    }
}
