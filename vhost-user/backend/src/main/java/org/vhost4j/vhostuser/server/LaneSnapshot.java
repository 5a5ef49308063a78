// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;

/**
 * The counters of a lane.
 *
 * @param name the lane's
 * @param guests the names of those whose devices it serves
 * @param turns how many turns it took
 * @param sleeps how many times it went to sleep because nothing was left to do
 * @param faults the number of pollables that were removed because of a fault
 */
public record LaneSnapshot(String name, List<String> guests, long turns, long sleeps, long faults) {
    /** Copies the list. */
    public LaneSnapshot {
        guests = List.copyOf(guests);
    }
}
