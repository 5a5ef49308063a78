// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Wakes a lane after some time, for work that no event announces. Belongs to the lane's thread. */
public final class LaneAlarm {
    /** Difference in nanoseconds below which an earlier time does not replace the current one. */
    private static final long SLACK_NANOS = 100_000;

    private final Lane lane;
    private @Nullable ScheduledFuture<?> pending;

    /**
     * Creates an alarm that is not set.
     *
     * @param lane the lane to wake, which polls and arms its pollables again
     */
    public LaneAlarm(Lane lane) {
        this.lane = lane;
    }

    /**
     * Sets the alarm. If it is set to an earlier time, that time stays, because the caller sets the alarm again then; a later time is
     * replaced.
     *
     * @param nanos delay in nanoseconds from now
     */
    public void after(long nanos) {
        ScheduledFuture<?> set = pending;
        if (set != null) {
            if (set.getDelay(TimeUnit.NANOSECONDS) <= nanos + SLACK_NANOS) {
                return;
            }
            boolean unused = set.cancel(false);
        }
        pending = lane.loop().schedule(this::ring, nanos, TimeUnit.NANOSECONDS);
    }

    private void ring() {
        pending = null;
        lane.rearm();
    }
}
