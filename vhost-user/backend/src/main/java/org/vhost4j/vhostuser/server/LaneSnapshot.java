// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;

/**
 * What a lane has done so far.
 *
 * @param name the lane's
 * @param guests the names of those whose devices it serves
 * @param turns how many turns it took
 * @param sleeps how many times it went to sleep because nothing was left to do
 * @param faults how many pollables a fault has removed
 */
public record LaneSnapshot(String name, List<String> guests, long turns, long sleeps, long faults) {
    /** Copies the list. */
    public LaneSnapshot {
        guests = List.copyOf(guests);
    }
}
