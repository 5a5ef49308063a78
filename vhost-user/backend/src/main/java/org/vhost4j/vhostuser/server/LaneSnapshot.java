// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;

/**
 * The counters of a lane.
 *
 * @param name name of the lane
 * @param guests names of the guests that the lane serves
 * @param turns number of turns of the duty cycle
 * @param sleeps number of times that the lane went to sleep because there was no work
 * @param faults the number of pollables that were removed because of a fault
 */
public record LaneSnapshot(String name, List<String> guests, long turns, long sleeps, long faults) {
    /** Copies the list. */
    public LaneSnapshot {
        guests = List.copyOf(guests);
    }
}
