// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.LaneListener;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.sys.SocketPair;

class StreamPortTest {
    private final OpenDescriptors before = OpenDescriptors.now();
    private final BlockingQueue<byte[]> came = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> lost = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> trouble = new LinkedBlockingQueue<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private final AtomicLong nanos = new AtomicLong();
    private final Lane lane = Lane.start("stream", IdlePolicy.EVENT_DRIVEN, new LaneListener() {
        @Override
        public void faulted(Pollable pollable, String reason, Throwable cause) {
            trouble.add(pollable.name() + ": " + reason);
        }

        @Override
        public void failed(Throwable cause) {
            trouble.add(cause.toString());
        }
    });
    private final StreamPort port = new StreamPort("net", StreamPeer.PLAIN, new Sink(), nanos::get, trouble::add);

    /** A sink that refuses a configured number of frames and records the others. */
    private final class Sink implements FrameSink {
        @Override
        public int forward(FramePort from, Frame frame) {
            if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                // Nothing wakes the lane for a receiver that has room again but the receiver.
                lane.execute(() -> {});
                return FramePort.NO_ROOM;
            }
            assertThat(from).isSameAs(port);
            came.add(RawFrames.bytes(frame));
            return FramePort.DELIVERED;
        }

        @Override
        public void flush() {}
    }

    StreamPortTest() {
        port.whenLost(lost::add);
        run(() -> {
            port.attach(lane);
            return true;
        });
    }

    @AfterEach
    void close() {
        run(() -> {
            port.close();
            return true;
        });
        lane.close();
        before.awaitNoOthers();
    }

    private <T> T run(Callable<T> task) {
        try {
            return lane.submit(task).get(60, SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T element = queue.poll(60, SECONDS);
        if (element == null) {
            throw new AssertionError("nothing came");
        }
        return element;
    }

    /** Connects the port; the peer's end. */
    private Fd connect() {
        SocketPair pair = SocketPair.create();
        run(() -> {
            port.connect(pair.first());
            return true;
        });
        return pair.second();
    }

    private int deliver(byte[] bytes) {
        return run(() -> {
            try (Arena arena = Arena.ofConfined()) {
                int result = port.deliver(RawFrames.frame(arena, bytes, 3));
                port.flush();
                return result;
            }
        });
    }

    /** The peer writes a few bytes or many, and its receiver has no room now and then. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void framesArriveAsTheyWereSent(long seed) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(seed);
        try (Fd peer = connect()) {
            List<byte[]> frames = new ArrayList<>();
            ByteArrayOutputStream stream = new ByteArrayOutputStream();
            for (int i = 0; i < 100; i++) {
                byte[] bytes = RawFrames.random(random, RawFrames.length(random));
                frames.add(bytes);
                stream.writeBytes(RawFrames.onStream(bytes));
            }
            byte[] all = stream.toByteArray();
            int done = 0;
            while (done < all.length) {
                done += RawFrames.write(peer, all, done, 1 + random.nextInt(100_000));
                refusals.set(random.nextInt(3));
            }
            for (byte[] frame : frames) {
                assertThat(next(came)).isEqualTo(frame);
            }
        }
        assertThat(next(lost)).isEqualTo("the peer closed the connection");
        assertThat(port.counters().framesIn()).isEqualTo(100);
        assertThat(trouble).isEmpty();
    }

    /** The peer reads late: the lane is free meanwhile, and what the socket did not take follows by itself. */
    @Test
    void theRestFollowsWhenThePeerReads() {
        try (Fd peer = connect()) {
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            SplittableRandom random = new SplittableRandom(4);
            for (int i = 0; i < 12; i++) {
                byte[] bytes = RawFrames.random(random, 65_000);
                assertThat(deliver(bytes)).isEqualTo(FramePort.DELIVERED);
                expected.writeBytes(RawFrames.onStream(bytes));
            }
            assertThat(port.partialWrites()).isPositive();
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            while (read.size() < expected.size()) {
                RawFrames.read(peer, 50_000, read);
            }
            assertThat(read.toByteArray()).isEqualTo(expected.toByteArray());
            assertThat(port.counters().bytesOut()).isEqualTo(12 * 65_000);
        }
    }

    /** Senders wait for 50 ms in all, then frames are dropped and counted, and said once. */
    @Test
    void aPeerThatDoesNotReadHoldsUpSendersOnlyForSoLong() {
        try (Fd peer = connect()) {
            byte[] bytes = new byte[60_000];
            int sent = 0;
            while (deliver(bytes) == FramePort.DELIVERED) {
                sent++;
            }
            assertThat(sent).isBetween(16, 40);
            nanos.addAndGet(49_000_000);
            assertThat(deliver(bytes)).isEqualTo(FramePort.NO_ROOM);
            assertThat(port.counters().drops(PortDrop.NO_ROOM)).isZero();
            nanos.addAndGet(1_000_000);
            assertThat(deliver(bytes)).isEqualTo(FramePort.REFUSED);
            assertThat(deliver(bytes)).isEqualTo(FramePort.REFUSED);
            assertThat(port.counters().drops(PortDrop.NO_ROOM)).isEqualTo(2);
            assertThat(trouble).containsExactly("frames are dropped: the peer does not read");
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            while (read.size() < sent * 60_004) {
                RawFrames.read(peer, 1 << 20, read);
            }
            assertThat(deliver(bytes)).isEqualTo(FramePort.DELIVERED);
        }
    }

    @Test
    void withoutConnectionFramesAreDroppedAndCounted() throws InterruptedException {
        assertThat(deliver(new byte[100])).isEqualTo(FramePort.REFUSED);
        assertThat(port.counters().drops(PortDrop.NO_PEER)).isEqualTo(1);
        try (Fd peer = connect()) {
            assertThat(deliver(new byte[100])).isEqualTo(FramePort.DELIVERED);
            peer.hangUp();
        }
        assertThat(next(lost)).isEqualTo("the peer closed the connection");
        assertThat(port.isConnected()).isFalse();
        assertThat(deliver(new byte[100])).isEqualTo(FramePort.REFUSED);
        assertThat(port.counters().drops(PortDrop.NO_PEER)).isEqualTo(2);
        try (Fd peer = connect()) {
            assertThat(deliver(new byte[100])).isEqualTo(FramePort.DELIVERED);
            assertThat(RawFrames.read(peer, 1000, new ByteArrayOutputStream())).isEqualTo(104);
        }
        assertThat(trouble).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {Frame.MAX_BYTES + 1, -1, Integer.MIN_VALUE})
    void aLengthThatNoFrameHasEndsTheConnection(int length) throws InterruptedException {
        try (Fd peer = connect()) {
            byte[] wrong = ByteBuffer.allocate(4).putInt(length).array();
            assertThat(RawFrames.write(peer, wrong, 0, 4)).isEqualTo(4);
            assertThat(next(lost))
                    .isEqualTo("the peer announced a frame of " + Integer.toUnsignedString(length)
                            + " bytes; the maximum is 65597");
        }
    }

    @Test
    void framesWithoutAnEthernetHeaderAreDroppedAndCounted() throws InterruptedException {
        try (Fd peer = connect()) {
            byte[] good = RawFrames.random(new SplittableRandom(1), 14);
            for (byte[] each : List.of(new byte[0], new byte[13], good)) {
                byte[] bytes = RawFrames.onStream(each);
                assertThat(RawFrames.write(peer, bytes, 0, bytes.length)).isEqualTo(bytes.length);
            }
            assertThat(next(came)).isEqualTo(good);
            assertThat(port.counters().drops(PortDrop.RUNT)).isEqualTo(2);
        }
    }

    @Test
    void aPortThatHasStoppedTakesNoConnection() {
        try (SocketPair pair = SocketPair.create()) {
            run(() -> {
                port.fault("broken");
                return true;
            });
            assertThat(trouble).containsExactly("stopped: broken");
            assertThatThrownBy(() -> port.connect(pair.first())).hasMessage("port net is closed");
            assertThat(pair.first().isOpen()).isFalse();
        }
    }
}
