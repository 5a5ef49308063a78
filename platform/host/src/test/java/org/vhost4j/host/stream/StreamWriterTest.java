// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.SocketPair;

class StreamWriterTest {
    private final StreamWriter writer = new StreamWriter();
    private final ByteArrayOutputStream came = new ByteArrayOutputStream();
    private final ByteArrayOutputStream expected = new ByteArrayOutputStream();

    /** A peer that reads now and then, a few bytes or many. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatIsWrittenInPartIsWrittenToItsEnd(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (SocketPair pair = SocketPair.create();
                Arena arena = Arena.ofConfined()) {
            writer.open(pair.first().number());
            for (int i = 0; i < 400; i++) {
                byte[] bytes = RawFrames.random(random, RawFrames.length(random));
                Frame frame = RawFrames.frame(arena, bytes, 1 + random.nextInt(random.nextInt(20) == 0 ? 1026 : 20));
                while (!writer.hasRoom(frame.bytes)) {
                    read(pair, 1 + random.nextInt(300_000));
                    writer.writable();
                }
                assertThat(writer.write(frame)).isTrue();
                expected.writeBytes(RawFrames.onStream(bytes));
                switch (random.nextInt(4)) {
                    case 0 -> writer.flush();
                    case 1 -> read(pair, 1 + random.nextInt(100_000));
                    case 2 -> writer.writable();
                    default -> {}
                }
            }
            writer.flush();
            while (writer.waits()) {
                read(pair, 1 + random.nextInt(300_000));
                writer.writable();
            }
            while (read(pair, 1 << 20) != 0) {
                // The rest, which is in the socket.
            }
        }
        assertThat(came.toByteArray()).isEqualTo(expected.toByteArray());
        assertThat(writer.partialWrites()).isPositive();
        assertThat(writer.close()).isZero();
    }

    private int read(SocketPair pair, int most) {
        return RawFrames.read(pair.second(), most, came);
    }

    @Test
    void shortFramesGoTogether() {
        try (SocketPair pair = SocketPair.create();
                Arena arena = Arena.ofConfined()) {
            writer.open(pair.first().number());
            for (int i = 0; i < 10; i++) {
                byte[] bytes = RawFrames.random(new SplittableRandom(i), 60);
                writer.write(RawFrames.frame(arena, bytes, 2));
                expected.writeBytes(RawFrames.onStream(bytes));
                assertThat(read(pair, 4096)).isZero();
            }
            writer.flush();
            assertThat(read(pair, 4096)).isEqualTo(640);
        }
        assertThat(came.toByteArray()).isEqualTo(expected.toByteArray());
    }

    /** A peer that reads nothing: there is room for 1 MiB beside what the socket takes, and what is lost is counted, frame by frame. */
    @Test
    void whatWaitsIsBoundedAndCounted() {
        List<Integer> lengths = new ArrayList<>();
        try (SocketPair pair = SocketPair.create();
                Arena arena = Arena.ofConfined()) {
            writer.open(pair.first().number());
            SplittableRandom random = new SplittableRandom(9);
            int length = RawFrames.length(random);
            while (writer.hasRoom(length)) {
                writer.write(RawFrames.frame(arena, new byte[length], 3));
                lengths.add(length);
                length = RawFrames.length(random);
            }
            writer.flush();
            // What the peer has not got to its end is what is lost.
            int whole = 0;
            int bytes = 0;
            while (read(pair, 1 << 20) != 0) {
                // Until it is empty.
            }
            while (whole < lengths.size() && bytes + 4 + lengths.get(whole) <= came.size()) {
                bytes += 4 + lengths.get(whole++);
            }
            assertThat(writer.close()).isEqualTo(lengths.size() - whole).isPositive();
        }
        assertThat(lengths.stream().mapToInt(each -> each + 4).sum())
                .isBetween(StreamWriter.CAPACITY - Frame.MAX_BYTES, StreamWriter.CAPACITY + (1 << 20));
        assertThat(writer.waits()).isFalse();
    }

    @Test
    void aLostConnectionIsNoticed() {
        try (SocketPair pair = SocketPair.create();
                Arena arena = Arena.ofConfined()) {
            writer.open(pair.first().number());
            pair.second().close();
            writer.write(RawFrames.frame(arena, new byte[4000], 1));
            assertThat(writer.broken()).isEqualTo(Errno.EPIPE);
            writer.write(RawFrames.frame(arena, new byte[100], 1));
            writer.flush();
            assertThat(writer.close()).isEqualTo(2);
        }
        try (SocketPair pair = SocketPair.create();
                Arena arena = Arena.ofConfined()) {
            writer.open(pair.first().number());
            assertThat(writer.broken()).isZero();
            writer.write(RawFrames.frame(arena, new byte[4000], 1));
            assertThat(read(pair, 5000)).isEqualTo(4004);
        }
    }

    /** Address 1 is of no mapping. */
    @Test
    void aFrameWhoseMemoryHasGoneLeavesNoTrace() {
        try (SocketPair pair = SocketPair.create();
                Arena arena = Arena.ofConfined()) {
            writer.open(pair.first().number());
            Frame gone = new Frame();
            gone.add(1, 5000);
            assertThat(writer.write(gone)).isFalse();
            byte[] bytes = RawFrames.random(new SplittableRandom(1), 5000);
            assertThat(writer.write(RawFrames.frame(arena, bytes, 1))).isTrue();
            read(pair, 10_000);
            assertThat(came.toByteArray()).isEqualTo(RawFrames.onStream(bytes));
        }
    }
}
