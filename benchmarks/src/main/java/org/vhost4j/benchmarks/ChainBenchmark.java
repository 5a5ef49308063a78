// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks;

import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.vhost4j.benchmarks.loopback.BridgedGuests;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.offload.Checksum;

/**
 * Measures the forwarding of frames from one guest to another in bursts of 32, all on one core: the sending driver, polling, address
 * translation, validation, bridge, copy, publication of used buffers, and the receiving driver. The frames are TCP segments of one flow
 * with complete checksums, as from a guest without offloads.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(ChainBenchmark.BURST)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Djava.lang.foreign.native.threshold.power.copy=3",
            // Device and drivers are compiled separately, as if they were in different processes. If they are inlined
            // into one method, the JIT compiler reaches its limits, at different calls in each fork: the same code took
            // 50 or 62 ns.
            "-XX:CompileCommand=quiet",
            "-XX:CompileCommand=dontinline,org.vhost4j.device.net.NetDevice::poll",
            "-XX:CompileCommand=dontinline,org.vhost4j.device.driver.*::collect",
            "-XX:CompileCommand=dontinline,org.vhost4j.benchmarks.loopback.BridgedGuests::post"
        })
public class ChainBenchmark {
    static final int BURST = 32;
    private static final int HEADERS = 54;
    private static final int SLOT = 2048;
    private static final int RING_SIZE = 256;
    private static final int QUEUE_MEMORY = 4 << 20;

    /** The layout of the virtqueues: split or packed. */
    @Param({"split", "packed"})
    public String ring = "split";

    /** The payload of each frame, in bytes. */
    @Param({"10", "1446"})
    public int payload;

    private final Arena arena = Arena.ofAuto();
    private BridgedGuests bridged = guests(false, BridgedGuests.Path.PLAIN);
    private BridgedGuests coalesced = guests(false, BridgedGuests.Path.COALESCED);
    private BridgedGuests crossing = guests(false, BridgedGuests.Path.CROSSING);
    private long frames;
    private long otherFrames;
    private long crossingFrames;

    /** Writes the frames into the sender's memory before the measurement. */
    @Setup
    public void frames() {
        boolean packed = ring.equals("packed");
        bridged = guests(packed, BridgedGuests.Path.PLAIN);
        coalesced = guests(packed, BridgedGuests.Path.COALESCED);
        crossing = guests(packed, BridgedGuests.Path.CROSSING);
        frames = bridged.allocate(BURST * SLOT);
        otherFrames = coalesced.allocate(BURST * SLOT);
        crossingFrames = crossing.allocate(BURST * SLOT);
        for (int i = 0; i < BURST; i++) {
            write(frames + (long) i * SLOT + NetHeader.BYTES, i);
            HostMemory.copy(frames + (long) i * SLOT, otherFrames + (long) i * SLOT, SLOT);
            HostMemory.copy(frames + (long) i * SLOT, crossingFrames + (long) i * SLOT, SLOT);
        }
    }

    private BridgedGuests guests(boolean packed, BridgedGuests.Path path) {
        return new BridgedGuests(arena, packed, path, RING_SIZE, QUEUE_MEMORY);
    }

    private void write(long at, int index) {
        long ip = at + 14;
        long tcp = ip + 20;
        HostMemory.putShortBE(at, 0x0200);
        HostMemory.putShortBE(at + 6, 0x0201);
        HostMemory.putShortBE(at + 12, 0x0800);
        HostMemory.putShortBE(ip, 0x4500);
        HostMemory.putShortBE(ip + 2, 40 + payload);
        HostMemory.putShortBE(ip + 4, 100 + index);
        HostMemory.putShortBE(ip + 6, 0x4000);
        HostMemory.putShortBE(ip + 8, 0x4006);
        HostMemory.putIntBE(ip + 12, 0x0a000001);
        HostMemory.putIntBE(ip + 16, 0x0a000002);
        HostMemory.putShortBE(ip + 10, Checksum.finish(Checksum.sum(ip, 20)));
        HostMemory.putIntBE(tcp + 4, 1 + index * payload);
        HostMemory.putShortBE(tcp + 12, 0x5010);
        for (int i = 0; i < payload; i++) {
            HostMemory.putByte(tcp + 20 + i, index * 31 + i * 7);
        }
        int pseudo = Checksum.sum(ip + 12, 8) + 6 + 20 + payload;
        HostMemory.putShortBE(tcp + 16, Checksum.finish(pseudo + Checksum.sum(tcp, 20 + payload)));
    }

    private int exchange(BridgedGuests guests, long from) {
        return exchange(guests, from, SLOT);
    }

    private int exchange(BridgedGuests guests, long from, int slot) {
        for (int i = 0; i < BURST; i++) {
            guests.offer(from + (long) i * slot, NetHeader.BYTES + HEADERS + payload);
        }
        return guests.exchange();
    }

    /**
     * The baseline: copies the same bytes into the same buffers.
     *
     * @return a value derived from the copy, so that the JIT compiler cannot eliminate it
     */
    @Benchmark
    public long copy() {
        for (int i = 0; i < BURST; i++) {
            HostMemory.copy(frames + (long) i * SLOT, bridged.buffer(i), NetHeader.BYTES + HEADERS + payload);
        }
        return frames;
    }

    /**
     * Forwards each frame separately.
     *
     * @return the number of receive buffers filled
     */
    @Benchmark
    public int plain() {
        return exchange(bridged, frames);
    }

    /**
     * Forwards frames that the bridge coalesces into super-frames.
     *
     * @return the number of receive buffers filled
     */
    @Benchmark
    public int coalesced() {
        return exchange(coalesced, otherFrames);
    }

    /**
     * Forwards each frame separately from a guest on one lane to a guest on another, and does the work of both lanes.
     *
     * @return the number of receive buffers filled
     */
    @Benchmark
    public int crossing() {
        return exchange(crossing, crossingFrames);
    }

    /**
     * The state of the benchmark with dirty logging: guests whose memory is logged. It is separate, so that the forks of the other
     * benchmarks do not load the logging code.
     */
    @State(Scope.Thread)
    public static class Logged {
        private @Nullable BridgedGuests guests;
        private long frames;

        /**
         * Writes the frames into the sender's memory before the measurement.
         *
         * @param chain the benchmark that provides the frames
         */
        @Setup
        public void frames(ChainBenchmark chain) {
            BridgedGuests made = chain.guests(chain.ring.equals("packed"), BridgedGuests.Path.LOGGED);
            frames = made.allocate(BURST * SLOT);
            HostMemory.copy(chain.frames, frames, BURST * SLOT);
            guests = made;
        }

        /** Clears the dirty logs from time to time, as a front-end does when it fetches them. */
        @Setup(Level.Iteration)
        public void clear() {
            Objects.requireNonNull(guests).clearLogs();
        }

        /** Checks that pages were marked: without marks the measurement would be meaningless. */
        @TearDown(Level.Iteration)
        public void check() {
            if (Objects.requireNonNull(guests).markedPages() == 0) {
                throw new IllegalStateException("no page is marked");
            }
        }
    }

    /**
     * Forwards each frame separately while every write is logged as during a migration.
     *
     * @param logged the guests whose memory is logged
     * @return the number of receive buffers filled
     */
    @Benchmark
    public int logged(Logged logged) {
        return exchange(Objects.requireNonNull(logged.guests), logged.frames);
    }

    /**
     * The state of the benchmark with an IOMMU: guests whose buffers have known translations. It is separate, so that the forks of the other
     * benchmarks do not load the translating code.
     */
    @State(Scope.Thread)
    public static class Translated {
        private @Nullable BridgedGuests guests;
        private long frames;

        /**
         * Writes the frames into the sender's memory before the measurement.
         *
         * @param chain the benchmark that provides the frames
         */
        @Setup
        public void frames(ChainBenchmark chain) {
            BridgedGuests made = chain.guests(chain.ring.equals("packed"), BridgedGuests.Path.TRANSLATED);
            frames = made.allocate(BURST * BridgedGuests.TRANSLATED_SLOT);
            for (long i = 0; i < BURST; i++) {
                HostMemory.copy(chain.frames + i * SLOT, frames + i * BridgedGuests.TRANSLATED_SLOT, SLOT);
            }
            guests = made;
        }
    }

    /**
     * Forwards each frame separately between guests behind an IOMMU, without IOTLB misses. Each frame and each receive buffer is in a page with a
     * translation of its own, so that every access searches the ranges.
     *
     * @param translated the guests behind the IOMMU
     * @return the number of receive buffers filled
     */
    @Benchmark
    public int translated(Translated translated) {
        return exchange(Objects.requireNonNull(translated.guests), translated.frames, BridgedGuests.TRANSLATED_SLOT);
    }
}
