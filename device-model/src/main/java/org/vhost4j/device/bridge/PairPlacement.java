// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Which lane has each queue pair of a guest whose pairs are on several. Written by the guest's home lane; any lane may read, and sees each pair's
 * lane perhaps a moment late.
 */
public final class PairPlacement {
    /** No receive queue of the pair is ready. */
    public static final int NOWHERE = -1;

    private static final VarHandle LANE =
            MethodHandles.arrayElementVarHandle(int[].class).withInvokeExactBehavior();

    private final int home;
    private final int[] lanes;

    /** By lane: how many pairs it has. */
    private final int[] counts;

    /**
     * No pair is anywhere.
     *
     * @param pairs how many there are, 1 or more
     * @param lanesInAll how many lanes there are, 1 or more
     * @param home the lane of the first pair: frames go there while none takes any, and find out that there is no queue, or one again
     */
    public PairPlacement(int pairs, int lanesInAll, int home) {
        this.home = home;
        lanes = new int[pairs];
        counts = new int[lanesInAll];
        Arrays.fill(lanes, NOWHERE);
    }

    /**
     * Says where a pair takes frames from now on.
     *
     * @param pair from 0
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
     * Whether a lane has a pair that takes frames.
     *
     * @param lane the lane's number
     * @return false when frames that come there find no queue
     */
    boolean hasAny(int lane) {
        return (int) LANE.getOpaque(counts, lane) != 0;
    }

    /**
     * Where a frame for a pair goes.
     *
     * @param pair from 0
     * @return the lane of the pair, or of the first pair when it takes none; the home when that takes none either
     */
    public int laneFor(int pair) {
        int lane = (int) LANE.getOpaque(lanes, pair);
        if (lane == NOWHERE) {
            lane = (int) LANE.getOpaque(lanes, 0);
        }
        return lane == NOWHERE ? home : lane;
    }
}
