// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks;

import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.OffloadEngine;

/**
 * Measures the software segmentation of a super-frame of nearly 64 KiB, from one guest's memory into the buffers of a guest that lacks
 * offloads. The difference to {@link #copy}, which copies the same bytes into the same buffers, is the cost of the missing offloads.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Djava.lang.foreign.native.threshold.power.copy=3"
        })
public class SegmentBenchmark {
    /** Payload in bytes, the same as in segment.c: 45 segments of 1448 bytes. */
    private static final int PAYLOAD = 45 * 1448;

    /** The kind of super-frame that is segmented. */
    @Param({"TCPV4", "TCPV6", "UDP_L4"})
    public String kind = "TCPV4";

    /** The payload of each segment, in bytes. */
    @Param({"1448", "536", "8948"})
    public int mss;

    private final Arena arena = Arena.ofAuto();
    private final SuperFrames source = new SuperFrames(arena);
    private final OffloadEngine engine = new OffloadEngine();
    private final Frame frame = new Frame();
    private final MergeableBuffers whole = new MergeableBuffers(arena, Offloads.ALL);
    private final MergeableBuffers partial = new MergeableBuffers(arena, Offloads.CSUM);
    private final MergeableBuffers complete = new MergeableBuffers(arena, 0);
    private SuperFrames.Kind what = SuperFrames.Kind.TCPV4;

    /** Writes the super-frame into the sender's memory. */
    @Setup
    public void frame() {
        what = SuperFrames.Kind.valueOf(kind);
        source.layOut(frame, what, PAYLOAD);
    }

    private int deliver(MergeableBuffers port) {
        source.header(frame, what, mss);
        if (engine.check(frame, Offloads.ALL) != null) {
            throw new IllegalStateException("bad frame");
        }
        return engine.deliver(frame, port);
    }

    /**
     * The baseline: copies the frame's bytes.
     *
     * @return a value derived from the copy, so that the JIT compiler cannot eliminate it
     */
    @Benchmark
    public int copy() {
        return whole.deliver(frame);
    }

    /**
     * Segments the super-frame for a receiver that accepts partial checksums but no segmentation offload.
     *
     * @return a value derived from the segments, so that the JIT compiler cannot eliminate them
     */
    @Benchmark
    public int cutPartial() {
        return deliver(partial);
    }

    /**
     * Segments the super-frame for a receiver that accepts no offload: every checksum is completed.
     *
     * @return a value derived from the segments, so that the JIT compiler cannot eliminate them
     */
    @Benchmark
    public int cutComplete() {
        return deliver(complete);
    }
}
