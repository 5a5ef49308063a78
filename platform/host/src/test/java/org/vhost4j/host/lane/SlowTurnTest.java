// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.Pollable;

class SlowTurnTest {
    private static final Duration LONG = Duration.ofMillis(3);

    @TempDir
    Path directory;

    /** A pollable that is slow once. */
    private static final class Slow implements Pollable {
        private final CountDownLatch seen = new CountDownLatch(2);

        @Override
        public int poll() {
            if (seen.getCount() == 2) {
                long end = System.nanoTime() + LONG.toNanos();
                while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                }
                seen.countDown();
                return 7;
            }
            seen.countDown();
            return 0;
        }

        @Override
        public boolean arm() {
            return false;
        }

        @Override
        public void disarm() {}

        @Override
        public String name() {
            return "slow";
        }

        @Override
        public void fault(String reason) {}
    }

    private List<RecordedEvent> record(Duration threshold) throws IOException, InterruptedException {
        Path file = directory.resolve(threshold + ".jfr");
        try (Recording recording = new Recording()) {
            recording.enable("vhost4j.SlowTurn").withThreshold(threshold);
            recording.start();
            Lane lane = Lane.start("tested", IdlePolicy.EVENT_DRIVEN, new LaneListener() {
                @Override
                public void faulted(Pollable pollable, String reason, Throwable cause) {}

                @Override
                public void failed(Throwable cause) {}
            });
            Slow slow = new Slow();
            lane.execute(() -> lane.add(slow));
            // The turn after the slow one has begun: the slow one is over.
            slow.seen.await();
            lane.close();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file);
    }

    @Test
    void aTurnAboveTheThresholdIsRecorded() throws Exception {
        assertThat(record(LONG)).anySatisfy(event -> {
            assertThat(event.getString("lane")).isEqualTo("tested");
            assertThat(event.getInt("work")).isEqualTo(7);
            assertThat(event.getDuration()).isGreaterThanOrEqualTo(LONG);
        });
    }

    @Test
    void oneBelowTheThresholdIsNot() throws Exception {
        assertThat(record(Duration.ofHours(1))).isEmpty();
    }
}
