// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.offload.Checksum;

/**
 * Compares the Internet checksum with a copy of the same bytes, which is the baseline on any machine. At 1448 bytes the checksum should
 * take no longer than 3 copies; if it takes much longer, the loop is no longer vectorized.
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
public class ChecksumBenchmark {
    /** The number of bytes to sum. */
    @Param({"64", "1448", "65536"})
    public int length;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment source = arena.allocate(1 << 17, 64);
    private final MemorySegment target = arena.allocate(1 << 17, 64);
    /** Source address. It is aligned only to 2 bytes, like payload after an Ethernet header. */
    private final long from = source.address() + 2;

    private final long to = target.address();

    /** Fills the source buffer. */
    public ChecksumBenchmark() {
        SplittableRandom random = new SplittableRandom(1);
        for (long i = 0; i < source.byteSize(); i += 8) {
            HostMemory.putLongLE(source.address() + i, random.nextLong());
        }
    }

    /**
     * The baseline: copies the bytes.
     *
     * @return a byte of the copy
     */
    @Benchmark
    public int copy() {
        HostMemory.copy(from, to, length);
        return HostMemory.getByte(to);
    }

    /**
     * Calculates the checksum.
     *
     * @return the checksum
     */
    @Benchmark
    public int sum() {
        return Checksum.sum(from, length);
    }
}
