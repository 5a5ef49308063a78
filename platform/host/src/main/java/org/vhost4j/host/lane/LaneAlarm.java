// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Wakes a lane after some time, for work that no event announces. Of the lane's thread. */
public final class LaneAlarm {
    private final Lane lane;
    private @Nullable Future<?> pending;

    /**
     * An alarm that is not set.
     *
     * @param lane whose pollables are polled, and armed again
     */
    public LaneAlarm(Lane lane) {
        this.lane = lane;
    }

    /**
     * Sets the alarm. One that is set stays as it is: what it wakes will ask again.
     *
     * @param nanos from now
     */
    public void after(long nanos) {
        if (pending == null) {
            pending = lane.loop().schedule(this::ring, nanos, TimeUnit.NANOSECONDS);
        }
    }

    private void ring() {
        pending = null;
        lane.rearm();
    }
}
