// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.offload.OffloadCounter;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.offload.RecordingPort;
import org.vhost4j.device.offload.SuperFrame;

/**
 * Tests a bridge on two lanes, whose turns the test runs in any order. Port 0 is on the first lane; ports 1 and 2 are
 * on the second lane.
 */
class LaneInboxTest {
    private static final long GROUP = 0x0100_5e00_0001L;

    @AutoClose
    private final Arena arena = Arena.ofConfined();

    private final SplittableRandom random = new SplittableRandom(3);
    private final Port port0 = new Port(Offloads.ALL);
    private final Port port1 = new Port(0);
    private final Port port2 = new Port(0);
    private final OffloadEngine here = new OffloadEngine();
    private final OffloadEngine there = new OffloadEngine();
    private final Bridge bridgeHere = new Bridge(here);
    private final Bridge bridgeThere = bridgeHere.on(there);
    private final List<String> wakes = new ArrayList<>();
    private final LaneInbox inboxHere = new LaneInbox("here", bridgeHere, () -> wakes.add("here"));
    private final LaneInbox inboxThere = new LaneInbox("there", bridgeThere, () -> wakes.add("there"));

    /** A port that records the calls of its methods. */
    private static final class Port extends RecordingPort {
        private final List<String> faults = new ArrayList<>();
        private int flushes;
        private boolean breaks;

        private Port(int accepts) {
            super(accepts);
        }

        @Override
        public int deliver(Frame frame) {
            if (breaks) {
                throw new InternalError("memory is gone");
            }
            return super.deliver(frame);
        }

        @Override
        public void flush() {
            flushes++;
        }

        private void fault(String reason) {
            faults.add(reason);
            breaks = false;
            room = 0;
        }
    }

    LaneInboxTest() {
        bridgeHere.add(port0);
        bridgeHere.add(inboxThere.remote(port1, port1::fault, () -> {}));
        bridgeHere.add(inboxThere.remote(port2, port2::fault, () -> {}));
        bridgeThere.add(inboxHere.remote(port0, port0::fault, () -> {}));
        bridgeThere.add(port1);
        bridgeThere.add(port2);
        // Both bridges learn every station.
        for (int i = 0; i < 3; i++) {
            assertThat(send(i, GROUP, 60)).isEqualTo(FramePort.DELIVERED);
        }
        turns();
        List.of(port0, port1, port2).forEach(port -> {
            assertThat(port.delivered).hasSize(2);
            port.delivered.clear();
        });
    }

    private static long mac(int port) {
        return 0x0276_346a_0000L + port;
    }

    private static byte[] bytes(int from, long to, int length, int number) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < 6; i++) {
            bytes[i] = (byte) (to >>> (40 - 8 * i));
            bytes[6 + i] = (byte) (mac(from) >>> (40 - 8 * i));
        }
        bytes[12] = (byte) 0x88;
        bytes[13] = (byte) 0xb5;
        bytes[14] = (byte) (number >>> 8);
        bytes[15] = (byte) number;
        return bytes;
    }

    private Frame frame(byte[] bytes) {
        Frame frame = new Frame();
        Frames.scatter(arena, frame, bytes, random, 3);
        return frame;
    }

    /** Returns a super-frame of five datagrams from port 0. */
    private Frame fiveDatagrams(long to) {
        SuperFrame datagrams = SuperFrame.datagrams(5, 1000);
        byte[] bytes = datagrams.bytes().clone();
        System.arraycopy(bytes(0, to, 60, 0), 0, bytes, 0, 12);
        Frame frame = frame(bytes);
        datagrams.writeHeader(frame);
        assertThat(here.check(frame, Offloads.ALL)).isNull();
        return frame;
    }

    private int send(int from, long to, int length) {
        return send(from, frame(bytes(from, to, length, 0)));
    }

    private int send(int from, Frame frame) {
        Bridge bridge = from == 0 ? bridgeHere : bridgeThere;
        int outcome = bridge.forward(from == 0 ? port0 : from == 1 ? port1 : port2, frame);
        bridge.flush();
        return outcome;
    }

    /** Runs one turn of each lane; returns the amount of work done. */
    private int turns() {
        return inboxHere.poll() + inboxThere.poll();
    }

    @Test
    void aFrameForOneReachesItOnly() {
        byte[] sent = bytes(0, mac(2), 100, 1);
        assertThat(send(0, frame(sent))).isEqualTo(FramePort.DELIVERED);
        assertThat(port2.delivered)
                .as("nothing happens but in a turn of its lane")
                .isEmpty();
        assertThat(turns()).isEqualTo(1);
        assertThat(port2.delivered).extracting(frame -> frame.bytes).containsExactly(sent);
        assertThat(port2.flushes).isPositive();
        assertThat(port0.delivered).isEmpty();
        assertThat(port1.delivered).isEmpty();
        assertThat(turns()).isZero();
    }

    @Test
    void whatOneLaneHearsTheOtherKnows() {
        // The stations are on the other lane, and this lane has not sent a frame to them yet.
        Frame moved = frame(bytes(9, mac(2), 60, 0));
        assertThat(send(1, moved)).isEqualTo(FramePort.DELIVERED);
        assertThat(send(0, mac(9), 60)).isEqualTo(FramePort.DELIVERED);
        turns();
        assertThat(port1.delivered).hasSize(1);
        assertThat(port2.delivered).as("the first frame only").hasSize(1);
    }

    @Test
    void theReceiversLaneCutsAndCounts() {
        Frame frame = fiveDatagrams(0x0aaa_0000_0001L);
        long before = there.counters().get(OffloadCounter.SEGMENTS);
        assertThat(send(0, frame)).isEqualTo(FramePort.DELIVERED);
        turns();
        assertThat(port1.delivered).as("its destination is unknown").hasSize(5);
        assertThat(port2.delivered).hasSize(5);
        assertThat(there.counters().get(OffloadCounter.SEGMENTS) - before).isEqualTo(10);
        assertThat(there.counters().get(OffloadCounter.CUT_UDP_L4)).isEqualTo(2);
        for (OffloadCounter counter : OffloadCounter.values()) {
            long byOthers = counter == OffloadCounter.PASSED ? 2 : 0;
            assertThat(here.counters().get(counter)).as("%s", counter).isEqualTo(byOthers);
        }
    }

    @Test
    void aSenderWaitsWhenTheWayIsFullAndNothingIsLost() {
        port1.room = 0;
        int sent = 0;
        while (send(0, frame(bytes(0, mac(1), 60, sent))) == FramePort.DELIVERED) {
            sent++;
            assertThat(inboxThere.poll())
                    .as("a frame that waits keeps its lane awake")
                    .isPositive();
        }
        assertThat(sent).isEqualTo(FrameRing.ENTRIES);
        assertThat(port1.delivered).isEmpty();
        port1.room = Integer.MAX_VALUE;
        while (inboxThere.poll() != 0) {
            // Runs until all frames have arrived.
        }
        assertThat(send(0, frame(bytes(0, mac(1), 60, sent)))).isEqualTo(FramePort.DELIVERED);
        sent++;
        turns();
        assertThat(port1.delivered).hasSize(sent);
        for (int i = 0; i < sent; i++) {
            assertThat(port1.delivered.get(i).bytes).isEqualTo(bytes(0, mac(1), 60, i));
        }
    }

    @Test
    void onlyWhatIsForAFullPortWaits() {
        port1.room = 0;
        assertThat(send(0, mac(1), 60)).isEqualTo(FramePort.DELIVERED);
        assertThat(send(0, mac(2), 60)).isEqualTo(FramePort.DELIVERED);
        assertThat(turns()).isEqualTo(2);
        assertThat(port2.delivered).hasSize(1);
        assertThat(turns()).as("one still waits").isEqualTo(1);
        port1.room = 1;
        turns();
        assertThat(port1.delivered).hasSize(1);
        assertThat(turns()).isZero();
    }

    @Test
    void broadcastsWaitForNoReceiver() {
        port1.room = 0;
        assertThat(send(0, GROUP, 60)).isEqualTo(FramePort.DELIVERED);
        assertThat(send(0, 0x0aaa_0000_0001L, 60)).as("to an unknown station").isEqualTo(FramePort.DELIVERED);
        assertThat(turns()).isEqualTo(4);
        assertThat(turns()).isZero();
        assertThat(port1.delivered).isEmpty();
        assertThat(port2.delivered).hasSize(2);
    }

    @Test
    void aSuperFrameContinuesWithTheSegmentForWhichThereWasNoRoom() {
        Frame frame = fiveDatagrams(mac(1));
        port1.room = 2;
        assertThat(send(0, frame)).isEqualTo(FramePort.DELIVERED);
        int flushes = port1.flushes;
        assertThat(turns()).isEqualTo(1);
        assertThat(port1.delivered).hasSize(2);
        assertThat(port1.flushes).as("the receiver is to see what it has").isGreaterThan(flushes);
        port1.room = 2;
        assertThat(turns()).isEqualTo(1);
        assertThat(port1.delivered).hasSize(4);
        port1.room = 2;
        assertThat(turns()).isEqualTo(1);
        assertThat(port1.delivered).hasSize(5);
        assertThat(turns()).isZero();
    }

    @Test
    void aReceiverWhoseMemoryIsGoneLosesItsFrameAndIsToBlame() {
        assertThat(send(0, mac(1), 60)).isEqualTo(FramePort.DELIVERED);
        assertThat(send(0, mac(2), 60)).isEqualTo(FramePort.DELIVERED);
        port1.breaks = true;
        try {
            int unused = inboxThere.poll();
            assertThat(port1.breaks).as("it broke").isFalse();
        } catch (InternalError e) {
            inboxThere.fault("gone");
        }
        assertThat(port1.faults).containsExactly("gone");
        assertThat(port2.faults).isEmpty();
        assertThat(turns()).isEqualTo(1);
        assertThat(port2.delivered).hasSize(1);
        assertThat(turns()).isZero();
    }

    @Test
    void aLaneThatSleepsIsWokenAndOneThatWorksIsNot() {
        assertThat(send(0, mac(1), 60)).isEqualTo(FramePort.DELIVERED);
        assertThat(inboxThere.arm()).as("there is work").isTrue();
        inboxThere.disarm();
        turns();
        assertThat(inboxThere.arm()).isFalse();
        assertThat(wakes).isEmpty();
        assertThat(send(0, mac(1), 60)).isEqualTo(FramePort.DELIVERED);
        assertThat(send(0, mac(1), 60)).isEqualTo(FramePort.DELIVERED);
        assertThat(wakes).containsExactly("there");
    }

    @Test
    void aFrameThatIsTooLongForAnythingIsRefused() {
        FramePort remote = inboxThere.remote(port1, port1::fault, () -> {});
        Frame frame = frame(new byte[Frame.MAX_BYTES + 1]);
        assertThat(remote.deliver(frame)).isEqualTo(FramePort.REFUSED);
    }
}
