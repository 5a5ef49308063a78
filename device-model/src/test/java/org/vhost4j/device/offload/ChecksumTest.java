// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;

class ChecksumTest {
    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(1071);

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void everyLengthAtEveryAlignmentAgreesWithTheDefinition() {
        MemorySegment memory = arena.allocate(1024, 64);
        for (int alignment = 0; alignment < 8; alignment++) {
            for (int length = 0; length <= 700; length++) {
                byte[] bytes = randomBytes(length);
                MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, alignment, length);

                assertThat(Checksum.sum(memory.address() + alignment, length))
                        .as("%d bytes at alignment %d", length, alignment)
                        .isEqualTo(naive(bytes, 0));
            }
        }
    }

    @Test
    void rangesOfOnesDoNotLoseACarry() {
        for (int length : new int[] {1, 7, 8, 31, 64, 103, 319, 320, 1448, 65535, 1 << 20}) {
            byte[] bytes = new byte[length];
            Arrays.fill(bytes, (byte) 0xff);
            MemorySegment memory = arena.allocate(length);
            memory.copyFrom(MemorySegment.ofArray(bytes));

            assertThat(Checksum.sum(memory.address(), length)).isEqualTo(naive(bytes, 0));
        }
    }

    @Test
    void aScatteredFrameSumsLikeItsContiguousBytes() {
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = randomBytes(1 + random.nextInt(round % 10 == 0 ? 5000 : 200));
            Frame frame = new Frame();
            Frames.scatter(arena, frame, bytes, random, 1 + random.nextInt(round % 3 == 0 ? 3 : 120));
            int from = random.nextInt(bytes.length + 1);

            assertThat(Checksum.sum(frame, from))
                    .as("round %d: %d bytes in %d pieces from %d", round, bytes.length, frame.pieces, from)
                    .isEqualTo(naive(bytes, from));
        }
    }

    @Test
    void wholePiecesSumLikeTheirContiguousBytes() {
        for (int round = 0; round < 500; round++) {
            byte[] bytes = randomBytes(1 + random.nextInt(3000));
            Frame frame = new Frame();
            Frames.scatter(arena, frame, bytes, random, 1 + random.nextInt(round % 3 == 0 ? 3 : 40));
            int piece = random.nextInt(frame.pieces + 1);
            int from = 0;
            for (int i = 0; i < piece; i++) {
                from += frame.length[i];
            }

            assertThat(Checksum.fold(Checksum.sumPieces(frame, piece)))
                    .as("round %d: %d bytes in %d pieces from piece %d", round, bytes.length, frame.pieces, piece)
                    .isEqualTo(naive(bytes, from));
        }
    }

    @Test
    void theExampleOfRfc1071() {
        MemorySegment memory = arena.allocate(8);
        memory.copyFrom(MemorySegment.ofArray(
                new byte[] {0, 1, (byte) 0xf2, 3, (byte) 0xf4, (byte) 0xf5, (byte) 0xf6, (byte) 0xf7}));

        assertThat(Checksum.sum(memory.address(), 8)).isEqualTo(0xddf2);
        assertThat(Checksum.finish(0xddf2)).isEqualTo(0x220d);
    }

    @Test
    void foldKeepsTheValueModulo65535AndIsZeroOnlyForZero() {
        assertThat(Checksum.fold(0)).isZero();
        assertThat(Checksum.fold(0xffff)).isEqualTo(0xffff);
        assertThat(Checksum.fold(0x1_0000)).isEqualTo(1);
        assertThat(Checksum.fold(0x1_fffe)).isEqualTo(0xffff);
        assertThat(Checksum.fold(Long.MAX_VALUE)).isEqualTo((int) (Long.MAX_VALUE % 0xffff));
        for (int i = 0; i < 100_000; i++) {
            long value = random.nextLong() >>> (1 + random.nextInt(62));
            int folded = Checksum.fold(value);
            assertThat(folded).isBetween(0, 0xffff);
            assertThat(folded % 0xffff).isEqualTo((int) (value % 0xffff));
            assertThat(folded == 0).isEqualTo(value == 0);
        }
    }

    private byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static int naive(byte[] bytes, int from) {
        int sum = 0;
        for (int i = from; i < bytes.length; i++) {
            sum += (i - from) % 2 == 0 ? (bytes[i] & 0xff) << 8 : bytes[i] & 0xff;
            if (sum > 0xffff) {
                sum -= 0xffff;
            }
        }
        return sum;
    }
}
