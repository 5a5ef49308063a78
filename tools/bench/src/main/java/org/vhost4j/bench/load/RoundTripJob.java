// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Sends a frame, polls until it returns, and waits until the next one is due. When a round trip takes longer than the interval, the round
 * trips that should have begun meanwhile are counted with the time that they would have taken, to correct for coordinated omission.
 */
final class RoundTripJob implements Job {
    private static final long LONGEST = TimeUnit.SECONDS.toNanos(60);
    /** The usual maximum time in nanoseconds by which a sleep ends too late. */
    private static final long SLEEP_SLACK = TimeUnit.MICROSECONDS.toNanos(500);

    private static final long LOST_AFTER = TimeUnit.SECONDS.toNanos(5);
    private static final double[] PERCENTILES = {50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.995, 99.999};

    private final FrameSender sender;
    private final FrameReceiver receiver;
    private long interval;
    private final Histogram histogram = new Histogram(LONGEST, 3);
    private long due;
    private long sent;
    private long received;
    private long lost;

    /**
     * Creates a job.
     *
     * @param intervalNanos interval from the start of one round trip to that of the next, in nanoseconds
     */
    RoundTripJob(FrameSender sender, FrameReceiver receiver, long intervalNanos) {
        this.sender = sender;
        this.receiver = receiver;
        this.interval = intervalNanos;
    }

    @Override
    public void step() {
        // A late frame must not be mistaken for the echo of the next one.
        received += receiver.burst();
        if (sender.send(1) == 0) {
            sent += sender.collect();
            return;
        }
        long begun = System.nanoTime();
        long now = begun;
        int back = receiver.burst();
        while (back == 0 && now - begun < LOST_AFTER) {
            Thread.onSpinWait();
            back = receiver.burst();
            now = System.nanoTime();
        }
        if (back == 0) {
            lost++;
        } else {
            received += back;
            histogram.recordValueWithExpectedInterval(Math.min(now - begun, LONGEST), interval);
        }
        sent += sender.collect();
        pause(now);
    }

    @Override
    public void interval(long nanos) {
        interval = nanos;
    }

    @Override
    public int steps() {
        return 1;
    }

    private void pause(long now) {
        // After an interruption the schedule restarts, so that no burst follows.
        due = now - due > interval ? now + interval : due + interval;
        long left = due - now;
        if (left > 2 * SLEEP_SLACK) {
            LockSupport.parkNanos(left - SLEEP_SLACK);
        }
        while (System.nanoTime() - due < 0) {
            Thread.onSpinWait();
        }
    }

    @Override
    public boolean drained() {
        sent += sender.collect();
        received += receiver.burst();
        return sender.inFlight() == 0 && received >= sent;
    }

    @Override
    public long sent() {
        return sent;
    }

    @Override
    public long received() {
        return received;
    }

    /**
     * Returns the number of round trips, the number of lost frames, the longest time, and pairs of percentile and nanoseconds; the
     * statistics then start over.
     */
    @Override
    public String latency() {
        StringBuilder line = new StringBuilder();
        line.append(histogram.getTotalCount())
                .append(' ')
                .append(lost)
                .append(' ')
                .append(histogram.getMaxValue());
        for (double percentile : PERCENTILES) {
            line.append(' ').append(percentile).append(' ').append(histogram.getValueAtPercentile(percentile));
        }
        histogram.reset();
        lost = 0;
        return line.toString();
    }
}
