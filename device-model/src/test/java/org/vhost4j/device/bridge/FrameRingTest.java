// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.offload.Frames;

class FrameRingTest {
    @AutoClose
    private final Arena arena = Arena.ofShared();

    private final MemorySegment bytes = arena.allocate(Frame.MAX_BYTES + 256);
    private final FrameRing ring = new FrameRing();
    private final Frame taken = new Frame();

    FrameRingTest() {
        for (int i = 0; i < bytes.byteSize(); i++) {
            bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (((i * 31) >>> 3) ^ i));
        }
    }

    /** Creates a frame whose bytes encode its number; a long frame has two pieces. */
    private static Frame frame(Frame frame, MemorySegment bytes, int number, int length) {
        frame.clear();
        long from = bytes.address() + (number & 0xff);
        int first = length > 100 ? length / 3 : length;
        frame.add(from, first);
        if (first < length) {
            frame.add(from + first, length - first);
        }
        frame.needs = number;
        return frame;
    }

    private Frame frame(int number, int length) {
        return frame(new Frame(), bytes, number, length);
    }

    private boolean put(int number, int length) {
        boolean fits = ring.put(frame(number, length));
        boolean unused = ring.publish();
        return fits;
    }

    private void take(int number, int length) {
        assertThat(ring.isEmpty()).isFalse();
        ring.peek(taken);
        assertThat(taken.needs).isEqualTo(number);
        assertThat(taken.bytes).isEqualTo(length);
        assertThat(same(taken, bytes, number))
                .as("frame %d of %d bytes", number, length)
                .isTrue();
        ring.remove(1);
        ring.release();
    }

    private static boolean same(Frame frame, MemorySegment bytes, int number) {
        MemorySegment there = MemorySegment.ofAddress(frame.address[0]).reinterpret(frame.length[0]);
        return frame.pieces == 1
                && frame.length[0] == frame.bytes
                && there.mismatch(bytes.asSlice(number & 0xff, frame.bytes)) == -1;
    }

    @Test
    void everyFieldOfTheHeaderCrosses() {
        Frame sent = frame(0x1234, 14);
        sent.flags = Frame.NEEDS_CSUM | Frame.UDP_TUNNEL_CSUM;
        sent.gsoType = Frame.GSO_TCPV4 | Frame.GSO_ECN | Frame.GSO_UDP_TUNNEL_IPV6;
        sent.headerLength = 9;
        sent.gsoSize = 0xfff1;
        sent.checksumStart = 0xfff2;
        sent.checksumOffset = 0xfff3;
        sent.outerTransportOffset = 0xfff4;
        sent.innerNetworkOffset = 0xfff5;
        assertThat(ring.put(sent)).isTrue();
        boolean unused = ring.publish();
        taken.add(1, 1);
        taken.segmentsDone = 3;
        assertThat(ring.isEmpty()).isFalse();
        ring.peek(taken);
        assertThat(taken)
                .usingRecursiveComparison()
                .ignoringFields("address", "length")
                .isEqualTo(sent);
        assertThat(Frames.bytes(taken)).isEqualTo(Frames.bytes(sent));
    }

    /**
     * Frames are written and read in bursts or one by one, in any combination; a frame that is not plain is read alone.
     */
    @Test
    void framesThatCameTogetherMayLeaveTogether() {
        SplittableRandom random = new SplittableRandom(8);
        FrameBurst in = new FrameBurst();
        FrameBurst out = new FrameBurst();
        int put = 0;
        int got = 0;
        int together = 0;
        while (got < 20_000) {
            in.count(random.nextInt(1, FrameBurst.CAPACITY + 1));
            for (int i = 0; i < in.count(); i++) {
                long partial = partialOf(put + i) ? NetHeader.partial(put + i & 0x3f, 16) : 0;
                in.plain(i, bytes.address() + (put + i & 0xff), lengthOf(put + i), partial);
            }
            put += ring.put(in, 0, in.count());
            Frame alone = frame(put, lengthOf(put));
            alone.needs = 0;
            alone.flags = Frame.DATA_VALID;
            put += ring.put(alone) ? 1 : 0;
            boolean unused = ring.publish();
            for (int turn = random.nextInt(4); turn > 0 && !ring.isEmpty(); turn--) {
                ring.peek(out, random.nextInt(1, 100));
                for (int i = 0; i < out.count(); i++) {
                    assertThat(same(out.frame(i), bytes, got + i)).isTrue();
                    assertThat(out.bytes(i)).isEqualTo(lengthOf(got + i));
                    assertThat(out.partial(i))
                            .isEqualTo(partialOf(got + i) ? NetHeader.partial(got + i & 0x3f, 16) : 0);
                }
                together += out.count();
                got += out.count();
                ring.remove(out.count());
                if (out.count() == 0) {
                    ring.peek(taken);
                    assertThat(same(taken, bytes, got)).isTrue();
                    assertThat(taken.bytes).isEqualTo(lengthOf(got));
                    assertThat(taken.flags).isEqualTo(Frame.DATA_VALID);
                    got++;
                    ring.remove(1);
                }
                ring.release();
            }
        }
        assertThat(together).isGreaterThan(10_000);
    }

    private static int lengthOf(int number) {
        return 80 + number * 7 % 1400;
    }

    private static boolean partialOf(int number) {
        return number % 3 == 0;
    }

    @Test
    void nothingIsSeenBeforeItIsPublished() {
        assertThat(ring.isEmpty()).isTrue();
        assertThat(ring.put(frame(1, 60))).isTrue();
        assertThat(ring.isEmpty()).isTrue();
        boolean unused = ring.publish();
        take(1, 60);
        assertThat(ring.isEmpty()).isTrue();
    }

    @Test
    void aFullRingTakesNoMoreUntilRoomIsReleased() {
        for (int i = 0; i < FrameRing.ENTRIES; i++) {
            assertThat(put(i, 14)).isTrue();
        }
        assertThat(put(-1, 14)).isFalse();
        assertThat(ring.isEmpty()).isFalse();
        ring.peek(taken);
        ring.remove(1);
        assertThat(put(-1, 14)).as("its bytes may still be looked at").isFalse();
        ring.release();
        assertThat(put(FrameRing.ENTRIES, 14)).isTrue();
        assertThat(put(-1, 14)).isFalse();
        for (int i = 1; i <= FrameRing.ENTRIES; i++) {
            take(i, 14);
        }
        assertThat(ring.isEmpty()).isTrue();
    }

    @Test
    void theLongestFrameFitsAtOnceAndSevenOfThemTogether() {
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 7; i++) {
                assertThat(put(i, Frame.MAX_BYTES))
                        .as("%d of round %d", i, round)
                        .isTrue();
            }
            assertThat(put(-1, Frame.MAX_BYTES)).isFalse();
            for (int i = 0; i < 7; i++) {
                take(i, Frame.MAX_BYTES);
            }
        }
    }

    /**
     * The first data area is small. When it is full, a burst continues in a large one, and the contents of the small
     * one do not change.
     */
    @Test
    void memoryGrowsInTheMidstOfABurst() {
        assertThat(FrameRing.ENTRIES * 1500).isGreaterThan(FrameRing.SMALL_AREA);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < FrameRing.ENTRIES; i++) {
                assertThat(put(i, 1500)).as("%d of round %d", i, round).isTrue();
            }
            assertThat(put(-1, 1500)).isFalse();
            for (int i = 0; i < FrameRing.ENTRIES; i++) {
                take(i, 1500);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 300, 1514, 9014, 33_000, Frame.MAX_BYTES})
    void framesOfAllLengthsGoRoundInOrder(int longest) {
        SplittableRandom random = new SplittableRandom(longest);
        Deque<int[]> under = new ArrayDeque<>();
        int put = 0;
        int refusals = 0;
        while (put < 30_000) {
            for (int burst = random.nextInt(40); burst > 0; burst--) {
                int length = random.nextInt(14, longest + 1);
                if (ring.put(frame(taken, bytes, put, length))) {
                    under.add(new int[] {put++, length});
                } else {
                    refusals++;
                    assertThat(under).as("an empty ring has room for any frame").isNotEmpty();
                }
            }
            boolean unused = ring.publish();
            for (int burst = random.nextInt(40); burst > 0 && !under.isEmpty(); burst--) {
                int[] next = under.remove();
                take(next[0], next[1]);
            }
        }
        assertThat(refusals).as("it was full at times").isPositive();
    }

    @Test
    void whoSleepsIsWokenOnceForTheNextFrame() {
        assertThat(ring.put(frame(0, 60))).isTrue();
        assertThat(ring.publish()).as("awake").isFalse();
        assertThat(ring.arm()).as("there is one already").isTrue();
        take(0, 60);
        assertThat(ring.arm()).isFalse();
        assertThat(ring.publish()).as("nothing new").isFalse();
        assertThat(ring.put(frame(1, 60))).isTrue();
        assertThat(ring.put(frame(2, 60))).isTrue();
        assertThat(ring.publish()).isTrue();
        assertThat(ring.put(frame(3, 60))).isTrue();
        assertThat(ring.publish()).as("it was told").isFalse();
        take(1, 60);
        take(2, 60);
        take(3, 60);
        assertThat(ring.arm()).isFalse();
        ring.disarm();
        assertThat(ring.put(frame(4, 60))).isTrue();
        assertThat(ring.publish()).as("it has awoken by itself").isFalse();
    }

    @Test
    @Timeout(300)
    void twoThreadsPassFramesInOrderAndWhole() throws Exception {
        int frames = 300_000;
        CompletableFuture<Integer> wrong = new CompletableFuture<>();
        Thread taker = Thread.ofPlatform().start(() -> {
            int failures = 0;
            Frame frame = new Frame();
            SplittableRandom lengths = new SplittableRandom(6);
            for (int i = 0; i < frames; i++) {
                while (ring.isEmpty()) {
                    giveWay();
                }
                ring.peek(frame);
                boolean right = frame.needs == i && frame.bytes == length(lengths) && same(frame, bytes, i);
                failures += right ? 0 : 1;
                ring.remove(1);
                if ((i & 7) == 0 || ring.isEmpty()) {
                    ring.release();
                }
            }
            wrong.complete(failures);
        });
        SplittableRandom lengths = new SplittableRandom(6);
        Frame frame = new Frame();
        for (int i = 0; i < frames; i++) {
            frame(frame, bytes, i, length(lengths));
            while (!ring.put(frame)) {
                boolean unused = ring.publish();
                giveWay();
            }
            if ((i & 15) == 0) {
                boolean unused = ring.publish();
            }
        }
        boolean unused = ring.publish();
        assertThat(wrong.get()).isZero();
        taker.join();
    }

    /** Yields the processor, because the two threads may share one. */
    private static void giveWay() {
        LockSupport.parkNanos(1_000);
    }

    /** Returns a random length: most frames are short, one in 64 has the maximum length. */
    private static int length(SplittableRandom random) {
        return random.nextInt(64) == 0 ? Frame.MAX_BYTES : random.nextInt(14, 1600);
    }

    /** Neither a frame nor a wake-up is lost when the reader requests a wake-up whenever it finds the ring empty. */
    @Test
    @Timeout(300)
    void noWakeUpIsLost() throws Exception {
        int frames = 100_000;
        Semaphore wakes = new Semaphore(0);
        Thread taker = Thread.ofPlatform().start(() -> {
            Frame frame = new Frame();
            int got = 0;
            while (got < frames) {
                if (ring.isEmpty()) {
                    if (!ring.arm()) {
                        wakes.acquireUninterruptibly();
                    }
                    ring.disarm();
                } else {
                    ring.peek(frame);
                    ring.remove(1);
                    ring.release();
                    got++;
                }
            }
        });
        for (int i = 0; i < frames; i++) {
            while (!ring.put(frame(taken, bytes, i, 60))) {
                giveWay();
            }
            if (ring.publish()) {
                wakes.release();
            }
        }
        taker.join();
        assertThat(ring.isEmpty()).isTrue();
    }
}
