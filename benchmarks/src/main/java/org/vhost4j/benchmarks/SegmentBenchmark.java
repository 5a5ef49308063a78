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
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.net.Frame;
import org.vhost4j.device.net.NetPort;
import org.vhost4j.device.net.Offloads;
import org.vhost4j.device.packet.OffloadEngine;

/**
 * A TCPv4 super-frame of 64 KiB with an MSS of 1448 to receivers that take less and less, each of which copies what it gets,
 * as a guest's receive queue does. The difference to {@link #copy} is the price of the missing offload.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 8, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 2,
        jvmArgsAppend = {
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Djava.lang.foreign.native.threshold.power.copy=3"
        })
public class SegmentBenchmark {
    private static final int HEADERS = 54;
    private static final int BYTES = 65535 + 14;
    private static final int MSS = 1448;

    /** Pieces of the scatter list: one, or headers and page-sized fragments as Linux sends them. */
    @Param({"1", "18"})
    public int pieces;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment source = arena.allocate(1 << 17, 4096);
    private final OffloadEngine engine = new OffloadEngine();
    private final Frame frame = new Frame();
    private final CopyingPort whole = new CopyingPort(arena, Offloads.ALL);
    private final CopyingPort partial = new CopyingPort(arena, Offloads.CSUM);
    private final CopyingPort complete = new CopyingPort(arena, 0);

    /** Writes the headers and lays the pieces out. */
    @Setup
    public void frame() {
        long at = source.address();
        SplittableRandom random = new SplittableRandom(1);
        for (long i = 0; i < source.byteSize(); i += 8) {
            HostMemory.putLongLE(at + i, random.nextLong());
        }
        HostMemory.putShortBE(at + 12, 0x0800);
        HostMemory.putShortBE(at + 14, 0x4500);
        HostMemory.putShortBE(at + 20, 0x4000);
        HostMemory.putShortBE(at + 22, 0x4006);
        HostMemory.putShortBE(at + 46, 0x5018);
        frame.clear();
        int first = pieces == 1 ? BYTES : HEADERS;
        frame.add(at, first);
        int left = pieces - 1;
        while (left > 0) {
            int rest = BYTES - frame.bytes;
            frame.add(at + frame.bytes, left == 1 ? rest : Math.min(4096, rest));
            left--;
        }
    }

    private void header() {
        frame.clearHeader();
        frame.flags = Frame.NEEDS_CSUM;
        frame.gsoType = Frame.GSO_TCPV4;
        frame.gsoSize = MSS;
        frame.checksumStart = 34;
        frame.checksumOffset = 16;
    }

    private int deliver(CopyingPort port) {
        header();
        if (engine.check(frame, Offloads.ALL) != null) {
            throw new IllegalStateException("bad frame");
        }
        return engine.deliver(frame, port) + port.copied();
    }

    /**
     * The yardstick: the frame's bytes, copied.
     *
     * @return something of the copy
     */
    @Benchmark
    public int copy() {
        return whole.deliver(frame) + whole.copied();
    }

    /**
     * The receiver takes everything.
     *
     * @return something of the copy
     */
    @Benchmark
    public int pass() {
        return deliver(whole);
    }

    /**
     * The receiver takes partial checksums only.
     *
     * @return something of the copy
     */
    @Benchmark
    public int cutPartial() {
        return deliver(partial);
    }

    /**
     * The receiver takes nothing.
     *
     * @return something of the copy
     */
    @Benchmark
    public int cutComplete() {
        return deliver(complete);
    }

    /** Copies what it is given, one frame behind the other, into memory that is no larger than a frame. */
    private static final class CopyingPort implements NetPort {
        private final MemorySegment target;
        private final int accepts;
        private long at;

        CopyingPort(Arena arena, int accepts) {
            target = arena.allocate(1 << 17, 4096);
            this.accepts = accepts;
        }

        int copied() {
            at = 0;
            return HostMemory.getByte(target.address());
        }

        @Override
        public int accepts() {
            return accepts;
        }

        @Override
        public int deliver(Frame frame) {
            long to = target.address() + at;
            for (int i = 0; i < frame.pieces; i++) {
                HostMemory.copy(frame.address[i], to, frame.length[i]);
                to += frame.length[i];
            }
            at += frame.bytes;
            return DELIVERED;
        }

        @Override
        public void flush() {}

        @Override
        public int poll() {
            return 0;
        }

        @Override
        public boolean arm() {
            return false;
        }

        @Override
        public void disarm() {}

        @Override
        public void fault(String reason) {
            throw new IllegalStateException(reason);
        }

        @Override
        public String name() {
            return "copy";
        }
    }
}
