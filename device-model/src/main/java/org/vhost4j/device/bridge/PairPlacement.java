// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The lane of each queue pair of a guest whose pairs are on several lanes. Written by the guest's home lane; any lane
 * may read it, possibly with a short delay.
 */
public final class PairPlacement {
    /** The lane of a pair whose receive queue is not ready. */
    public static final int NOWHERE = -1;

    private static final VarHandle LANE =
            MethodHandles.arrayElementVarHandle(int[].class).withInvokeExactBehavior();

    private final int home;
    private final int[] lanes;

    /** The number of pairs on each lane. */
    private final int[] counts;

    /**
     * Creates a placement in which no pair has a lane.
     *
     * @param pairs number of queue pairs, 1 or more
     * @param lanesInAll number of lanes, 1 or more
     * @param home the guest's home lane. While no pair is ready, frames are forwarded to this lane, which drops them,
     *     or delivers them once a queue is ready again
     */
    public PairPlacement(int pairs, int lanesInAll, int home) {
        this.home = home;
        lanes = new int[pairs];
        counts = new int[lanesInAll];
        Arrays.fill(lanes, NOWHERE);
    }

    /**
     * Sets the lane to which frames for a pair are forwarded from now on.
     *
     * @param pair the pair, from 0
     * @param lane the lane's number, or {@link #NOWHERE}
     */
    public void put(int pair, int lane) {
        int before = lanes[pair];
        LANE.setOpaque(lanes, pair, lane);
        count(before, -1);
        count(lane, 1);
    }

    private void count(int lane, int more) {
        if (lane != NOWHERE) {
            LANE.setOpaque(counts, lane, counts[lane] + more);
        }
    }

    /**
     * Returns whether a lane has a pair that receives frames.
     *
     * @param lane the lane's number
     * @return false when the lane has no queue for a frame
     */
    boolean hasAny(int lane) {
        return (int) LANE.getOpaque(counts, lane) != 0;
    }

    /**
     * Returns the lane to which a frame for a pair goes.
     *
     * @param pair the pair, from 0
     * @return the lane of the pair; when the pair is not ready, the lane of the first pair; when that is not ready
     *     either, the home lane
     */
    public int laneFor(int pair) {
        int lane = (int) LANE.getOpaque(lanes, pair);
        if (lane == NOWHERE) {
            lane = (int) LANE.getOpaque(lanes, 0);
        }
        return lane == NOWHERE ? home : lane;
    }
}
