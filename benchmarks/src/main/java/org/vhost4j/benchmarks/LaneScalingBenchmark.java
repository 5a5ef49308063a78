// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks;

import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;
import org.vhost4j.benchmarks.loopback.SpreadGuests;

/**
 * What a guest gains whose queue pairs are on two lanes: frames of one guest to another a second, in all, with a pair each on one lane and on two.
 * Each thread takes one lane's turns and is the drivers of its pairs. It takes two cores with nothing else on them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@OperationsPerInvocation(LaneScalingBenchmark.BURST)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 3,
        jvmArgs = {
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Djava.lang.foreign.native.threshold.power.copy=3"
        })
public class LaneScalingBenchmark {
    static final int BURST = 32;
    private static final int LANES = 2;
    private static final int RING_SIZE = 256;
    private static final int QUEUE_MEMORY = 4 << 20;

    /** Layout of the queues. */
    @Param({"split", "packed"})
    public String ring = "split";

    /** Payload of each frame. */
    @Param({"22", "1458"})
    public int payload;

    private final Arena arena = Arena.ofAuto();
    private @Nullable SpreadGuests one;
    private @Nullable SpreadGuests two;
    private @Nullable SpreadGuests crossing;
    private final AtomicInteger threads = new AtomicInteger();

    /** Makes the guests. */
    @Setup
    public void guests() {
        one = guests(1, false);
        two = guests(LANES, false);
        crossing = guests(LANES, true);
    }

    private SpreadGuests guests(int lanes, boolean cross) {
        return new SpreadGuests(arena, ring.equals("packed"), lanes, cross, payload, RING_SIZE, QUEUE_MEMORY);
    }

    /** Which lane a thread has. */
    @State(Scope.Thread)
    public static class Own {
        private int lane;

        /**
         * Takes a lane.
         *
         * @param all counts the threads
         */
        @Setup
        public void lane(LaneScalingBenchmark all) {
            lane = all.threads.getAndIncrement() % LANES;
        }
    }

    private static int exchange(@Nullable SpreadGuests guests, int lane) {
        if (guests == null) {
            throw new IllegalStateException("no guests");
        }
        return guests.lane(lane).exchange(BURST);
    }

    /**
     * The baseline: all on one lane.
     *
     * @return how many frames came
     */
    @Benchmark
    @Threads(1)
    public int oneLane() {
        return exchange(one, 0);
    }

    /**
     * A pair on each of two lanes; frames stay on their lanes.
     *
     * @param own the thread's lane
     * @return how many frames came on this lane
     */
    @Benchmark
    @Threads(LANES)
    public int twoLanes(Own own) {
        return exchange(two, own.lane);
    }

    /**
     * A pair on each of two lanes; each frame crosses to the other.
     *
     * @param own the thread's lane
     * @return how many frames came on this lane
     */
    @Benchmark
    @Threads(LANES)
    public int twoLanesCrossing(Own own) {
        return exchange(crossing, own.lane);
    }
}
