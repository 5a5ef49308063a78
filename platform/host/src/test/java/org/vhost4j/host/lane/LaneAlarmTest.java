// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.Pollable;

class LaneAlarmTest {
    private static final long SECONDS = 60;

    /** Sets an alarm when its lane is about to sleep, and then an earlier one. */
    private static final class Sleeper implements Pollable {
        private final Lane lane;
        private final LaneAlarm alarm;
        private final CountDownLatch woken = new CountDownLatch(1);
        private boolean set;
        private long sleeps;

        private Sleeper(Lane lane) {
            this.lane = lane;
            alarm = new LaneAlarm(lane);
        }

        @Override
        public int poll() {
            if (set && lane.sleeps() > sleeps) {
                woken.countDown();
            }
            return 0;
        }

        @Override
        public boolean arm() {
            if (!set) {
                set = true;
                sleeps = lane.sleeps();
                alarm.after(TimeUnit.DAYS.toNanos(1));
                alarm.after(TimeUnit.MILLISECONDS.toNanos(1));
            }
            return false;
        }

        @Override
        public void disarm() {}

        @Override
        public String name() {
            return "sleeper";
        }

        @Override
        public void fault(String reason) {}
    }

    @Test
    void anEarlierAlarmReplacesALaterOne() throws InterruptedException {
        try (Lane lane = Lane.start("tested", IdlePolicy.EVENT_DRIVEN, new LaneListener() {
            @Override
            public void faulted(Pollable pollable, String reason, Throwable cause) {}

            @Override
            public void failed(Throwable cause) {}
        })) {
            Sleeper sleeper = new Sleeper(lane);
            lane.execute(() -> lane.add(sleeper));
            assertThat(sleeper.woken.await(SECONDS, TimeUnit.SECONDS)).isTrue();
        }
    }
}
