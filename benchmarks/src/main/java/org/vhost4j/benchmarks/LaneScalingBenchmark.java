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
import org.openjdk.jmh.infra.Control;
import org.vhost4j.benchmarks.loopback.SpreadGuests;

/**
 * Measures how much faster a guest is when its queue pairs are on two lanes instead of one. The result is the total number of frames per
 * second from one guest to another, with one queue pair on each lane. Each thread runs one lane and acts as the driver of its queue pairs.
 * The benchmark needs two otherwise idle cores.
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

    /** The layout of the virtqueues: split or packed. */
    @Param({"split", "packed"})
    public String ring = "split";

    /** The payload of each frame, in bytes. */
    @Param({"22", "1458"})
    public int payload;

    private final Arena arena = Arena.ofAuto();
    private @Nullable SpreadGuests one;
    private @Nullable SpreadGuests two;
    private @Nullable SpreadGuests crossing;
    private final AtomicInteger threads = new AtomicInteger();

    /** Creates the guests. */
    @Setup
    public void guests() {
        one = guests(1, false);
        two = guests(LANES, false);
        crossing = guests(LANES, true);
    }

    private SpreadGuests guests(int lanes, boolean cross) {
        return new SpreadGuests(arena, ring.equals("packed"), lanes, cross, payload, RING_SIZE, QUEUE_MEMORY);
    }

    /** The thread's state: the lane that it runs. */
    @State(Scope.Thread)
    public static class Own {
        private int lane;

        /**
         * Assigns a lane to this thread.
         *
         * @param all the benchmark, which counts the threads
         */
        @Setup
        public void lane(LaneScalingBenchmark all) {
            lane = all.threads.getAndIncrement() % LANES;
        }
    }

    private static int exchange(@Nullable SpreadGuests guests, int lane, Control control) {
        if (guests == null) {
            throw new IllegalStateException("no guests");
        }
        return guests.lane(lane).exchange(BURST, () -> control.stopMeasurement);
    }

    /**
     * The baseline: all frames on one lane.
     *
     * @param control shows when the iteration is over
     * @return the number of frames received
     */
    @Benchmark
    @Threads(1)
    public int oneLane(Control control) {
        return exchange(one, 0, control);
    }

    /**
     * Sends frames on one queue pair for each of two lanes; frames stay on their lanes.
     *
     * @param own the thread's lane
     * @param control shows when the iteration is over
     * @return the number of frames received on this lane
     */
    @Benchmark
    @Threads(LANES)
    public int twoLanes(Own own, Control control) {
        return exchange(two, own.lane, control);
    }

    /**
     * Sends frames on one queue pair for each of two lanes; each frame crosses to the other lane.
     *
     * @param own the thread's lane
     * @param control shows when the iteration is over
     * @return the number of frames received on this lane
     */
    @Benchmark
    @Threads(LANES)
    public int twoLanesCrossing(Own own, Control control) {
        return exchange(crossing, own.lane, control);
    }
}
