// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.capture.CaptureRing.HeaderField;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.offload.SuperFrame;

class FrameTapTest {
    @AutoClose
    private final Arena arena = Arena.ofConfined();

    private final SplittableRandom random = new SplittableRandom(4);
    private final CaptureRing ring = new CaptureRing(CaptureRing.MIN_BYTES);
    private long now = 1_800_000_000_000_000_000L;

    private FrameTap tap(int snapLength, boolean segmented) {
        return new FrameTap(ring, 3, snapLength, segmented, null, () -> now++);
    }

    private Frame frame(byte[] bytes) {
        Frame frame = new Frame();
        Frames.scatter(arena, frame, bytes, random, 5);
        return frame;
    }

    private byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private byte[] take() {
        int record = ring.peek();
        byte[] bytes = new byte[ring.length(record)];
        ring.view().get(ring.data(record), bytes);
        ring.remove();
        return bytes;
    }

    @Test
    void copiesOfAnyLengthComeOutInOrderWhileTheRingGoesRound() {
        FrameTap tap = tap(70_000, false);
        List<byte[]> waiting = new ArrayList<>();
        long inRing = 0;
        int taken = 0;
        while (taken < 3000) {
            byte[] bytes = bytes(14 + random.nextInt(1, 9000));
            if (inRing < 200_000) {
                tap.inbound(frame(bytes), bytes.length);
                waiting.add(bytes);
                inRing += bytes.length + 80;
            } else {
                byte[] first = waiting.removeFirst();
                int record = ring.peek();
                assertThat(ring.port(record)).isEqualTo(3);
                assertThat(ring.direction(record)).isEqualTo(CaptureRing.INBOUND);
                assertThat(ring.originalLength(record)).isEqualTo(first.length);
                assertThat(ring.time(record)).isEqualTo(1_800_000_000_000_000_000L + taken);
                assertThat(take()).isEqualTo(first);
                inRing -= first.length + 80;
                taken++;
            }
        }
        assertThat(tap.dropped()).isZero();
    }

    @Test
    void whatDoesNotFitIsCountedAndWhatIsThereStays() {
        FrameTap tap = tap(70_000, false);
        byte[] first = bytes(60_000);
        tap.inbound(frame(first), first.length);
        for (int i = 0; i < 9; i++) {
            byte[] bytes = bytes(60_000);
            tap.inbound(frame(bytes), bytes.length);
        }
        assertThat(tap.seen()).isEqualTo(10);
        assertThat(tap.dropped()).isEqualTo(6);
        assertThat(take()).isEqualTo(first);
        for (int i = 0; i < 3; i++) {
            assertThat(take()).hasSize(60_000);
        }
        assertThat(ring.peek()).isNegative();
        tap.inbound(frame(first), first.length);
        assertThat(take()).isEqualTo(first);
    }

    @Test
    void aSnapLengthCutsTheCopyAlone() {
        FrameTap tap = tap(96, false);
        byte[] bytes = bytes(1514);
        tap.inbound(frame(bytes), bytes.length);
        assertThat(ring.originalLength(ring.peek())).isEqualTo(1514);
        assertThat(take()).isEqualTo(Arrays.copyOf(bytes, 96));
    }

    @Test
    void aSuperFrameAsItIsKeepsItsHeader() {
        SuperFrame packet = SuperFrame.datagrams(10, 1000);
        Frame frame = packet.frame(arena, random, 3);
        int unused = tap(70_000, false).outbound(frame, 0);
        int record = ring.peek();
        assertThat(ring.header(record, HeaderField.GSO_TYPE)).isEqualTo(Frame.GSO_UDP_L4);
        assertThat(ring.header(record, HeaderField.GSO_SIZE)).isEqualTo(1000);
        assertThat(ring.header(record, HeaderField.CSUM_START)).isEqualTo(frame.checksumStart);
        assertThat(ring.direction(record)).isEqualTo(CaptureRing.OUTBOUND);
        assertThat(take()).isEqualTo(packet.bytes());
    }

    @Test
    void aSuperFrameAsSegmentedIsCutAndTheFrameItselfIsNotChanged() {
        SuperFrame packet = SuperFrame.datagrams(10, 1000);
        Frame frame = packet.frame(arena, random, 3);
        int gsoType = frame.gsoType;
        int unused = tap(70_000, true).outbound(frame, 0);
        int headers = packet.bytes().length - 10_000;
        for (int i = 0; i < 10; i++) {
            int record = ring.peek();
            assertThat(ring.header(record, HeaderField.GSO_TYPE)).isEqualTo(Frame.GSO_NONE);
            assertThat(ring.header(record, HeaderField.FLAGS)).isZero();
            byte[] segment = take();
            assertThat(Arrays.copyOfRange(segment, headers, segment.length))
                    .isEqualTo(Arrays.copyOfRange(packet.bytes(), headers + i * 1000, headers + (i + 1) * 1000));
        }
        assertThat(ring.peek()).isNegative();
        assertThat(frame.gsoType).isEqualTo(gsoType);
        assertThat(frame.segmentsDone).isZero();
        assertThat(Frames.bytes(frame)).isEqualTo(packet.bytes());
    }

    @Test
    void aFrameThatCannotBeCutIsShownAsItIs() {
        SuperFrame packet = SuperFrame.datagrams(10, 1000);
        Frame frame = packet.frame(arena, random, 1);
        frame.checksumStart += 2;
        int unused = tap(70_000, true).outbound(frame, 0);
        assertThat(take()).isEqualTo(packet.bytes());
    }

    @Test
    void framesThatComeAgainAreCopiedOnce() {
        FrameTap tap = tap(70_000, false);
        byte[] bytes = bytes(64);
        Frame frame = frame(bytes);
        Frame whole = new Frame();
        Frames.scatter(arena, whole, bytes, random, 1);
        FrameBurst burst = new FrameBurst();
        for (int i = 0; i < 4; i++) {
            burst.plain(i, whole.address[0], 64, 0);
        }
        burst.count(4);
        int again = tap.outbound(burst, 0);
        assertThat(again).isZero();
        // The receiver accepted one of four frames: the other three are sent again, as a frame, as a burst of one, and
        // in a burst with a new frame.
        again += 3;
        again = tap.outbound(frame, again);
        burst.count(1);
        again = tap.outbound(burst, again);
        burst.count(2);
        again = tap.outbound(burst, again);
        assertThat(again).isZero();
        assertThat(tap.seen()).isEqualTo(5);
    }

    @Test
    void aFilterDecidesWhatIsCopied() {
        FrameTap tap = new FrameTap(ring, 0, 100, false, CaptureFilter.parse("ether src 00:00:00:00:00:01"), () -> now);
        byte[] wanted = new byte[60];
        wanted[11] = 1;
        tap.inbound(frame(new byte[60]), 60);
        tap.inbound(frame(wanted), 60);
        assertThat(tap.seen()).isEqualTo(2);
        assertThat(tap.matched()).isEqualTo(1);
        assertThat(take()).isEqualTo(wanted);
        assertThat(ring.peek()).isNegative();
    }
}
