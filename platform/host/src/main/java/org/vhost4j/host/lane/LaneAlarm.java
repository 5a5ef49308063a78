// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Wakes a lane after some time, for work that no event announces. Of the lane's thread. */
public final class LaneAlarm {
    /** An alarm that rings so much earlier is not worth setting. */
    private static final long SLACK_NANOS = 100_000;

    private final Lane lane;
    private @Nullable ScheduledFuture<?> pending;

    /**
     * Creates an alarm that is not set.
     *
     * @param lane lane whose pollables are polled, and armed again
     */
    public LaneAlarm(Lane lane) {
        this.lane = lane;
    }

    /**
     * Sets the alarm. One that rings before is left as it is, because what it wakes asks again; one that rings later is
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
