// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.steering.ReceiveSteering;

/**
 * Tests a guest with one queue pair on each of two lanes, whose turns the test runs in any order. On each lane a port
 * sends to the guest; the guest's first queue pair is on the first lane.
 */
class SpreadPortTest {
    @AutoClose
    private final Arena arena = Arena.ofConfined();

    private final PairPlacement placement = new PairPlacement(2, 2, 0);
    private final ReceiveSteering steering = new ReceiveSteering();
    private final ReceiveSteering same = new ReceiveSteering(steering);
    private final Bridge[] bridges = new Bridge[2];
    private final LaneInbox[] inboxes = new LaneInbox[2];
    private final Seat[] seats = {new Seat(), new Seat()};
    private final Seat[] senders = {new Seat(), new Seat()};

    /** A seat that records the numbers of the delivered frames, as long as it has room. */
    private static final class Seat implements LandingPort {
        private final List<Integer> numbers = new ArrayList<>();
        private int room = Integer.MAX_VALUE;

        @Override
        public int deliver(Frame frame) {
            if (numbers.size() == room) {
                return NO_ROOM;
            }
            numbers.add(ByteBuffer.wrap(Frames.bytes(frame)).getInt(42));
            return DELIVERED;
        }

        @Override
        public int accepts() {
            return 0;
        }

        @Override
        public String name() {
            return "seat";
        }

        @Override
        public void flush() {}

        @Override
        public boolean reserve(Frame landing, int atLeast) {
            return false;
        }

        @Override
        public boolean reserve(Frame landing, Frame frame) {
            return false;
        }

        @Override
        public boolean extend(Frame landing, int atLeast) {
            return false;
        }

        @Override
        public void commit(Frame landing, int bytes) {}

        @Override
        public void discard(Frame landing) {}

        @Override
        public boolean countsSegments() {
            return false;
        }
    }

    SpreadPortTest() {
        bridges[0] = new Bridge(new OffloadEngine());
        bridges[1] = bridges[0].on(new OffloadEngine());
        List<SpreadPort> ports = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            inboxes[i] = new LaneInbox("lane", bridges[i], () -> {});
            SpreadPort port = new SpreadPort(bridges[i], i, 2, placement);
            port.setSeat(seats[i], i == 0 ? steering : same);
            ports.add(port);
        }
        for (int i = 0; i < 2; i++) {
            ports.get(i).setRemoteSeat(1 - i, inboxes[1 - i].seat(ports.get(1 - i), reason -> {}, () -> {}));
            for (int sender = 0; sender < 2; sender++) {
                Seat from = senders[sender];
                bridges[i].add(i == sender ? from : inboxes[sender].remote(from, reason -> {}, () -> {}));
            }
            bridges[i].add(ports.get(i));
        }
        steering.reset(2, false);
        same.reset(2, false);
        placement.put(0, 0);
        placement.put(1, 1);
        // The guest's address has been learned.
        bridges[0].learn(ports.getFirst(), 0x0200_0000_0002L);
    }

    private Frame frame(int flow, int number) {
        byte[] bytes = new byte[60];
        ByteBuffer.wrap(bytes)
                .putShort(0, (short) 0x0200)
                .putInt(2, 2)
                .putShort(6, (short) 0x0200)
                .putInt(8, 3)
                .putShort(12, (short) 0x0800)
                .putShort(14, (short) 0x4500)
                .put(23, (byte) 17)
                .putShort(34, (short) (1000 + flow))
                .putShort(36, (short) 5000)
                .putInt(42, number);
        Frame frame = new Frame();
        Frames.scatter(arena, frame, bytes, new SplittableRandom(1), 1);
        return frame;
    }

    private int send(int lane, int flow, int number) {
        byte[] station = {(byte) (4 + lane)};
        Frame frame = frame(flow, number);
        MemorySegment.ofAddress(frame.address[0] + 11).reinterpret(1).copyFrom(MemorySegment.ofArray(station));
        int result = bridges[lane].forward(senders[lane], frame);
        bridges[lane].flush();
        return result;
    }

    private void learn(int flow, int pair) {
        steering.learn(frame(flow, 0), pair);
    }

    private void pollAll() {
        int work;
        int turns = 0;
        do {
            work = inboxes[0].poll() + inboxes[1].poll();
            turns++;
        } while (work != 0 && turns < 10_000);
    }

    @Test
    void aFrameGoesToTheLaneOfItsPairFromAnyLane() {
        List<List<Integer>> expected = List.of(new ArrayList<>(), new ArrayList<>());
        for (int flow = 0; flow < 8; flow++) {
            learn(flow, flow % 2);
        }
        for (int number = 0; number < 64; number++) {
            int flow = number / 3 % 8;
            assertThat(send(number / 5 % 2, flow, number)).isEqualTo(FramePort.DELIVERED);
            pollAll();
            expected.get(flow % 2).add(number);
        }
        assertThat(seats[0].numbers).isEqualTo(expected.get(0));
        assertThat(seats[1].numbers).isEqualTo(expected.get(1));
    }

    @Test
    void whatHasCrossedStaysWhateverIsLearnedMeanwhile() {
        learn(1, 1);
        send(0, 1, 7);
        learn(1, 0);
        pollAll();
        assertThat(seats[1].numbers).containsExactly(7);
        send(0, 1, 8);
        assertThat(seats[0].numbers).containsExactly(8);
    }

    @Test
    void whatHasCrossedToALaneWithoutAnyQueueGoesToTheFirstPair() {
        learn(1, 1);
        send(0, 1, 7);
        placement.put(1, PairPlacement.NOWHERE);
        send(0, 1, 8);
        pollAll();
        assertThat(seats[0].numbers).containsExactly(8, 7);
        assertThat(seats[1].numbers).isEmpty();
        placement.put(1, 1);
        send(1, 1, 9);
        assertThat(seats[1].numbers).containsExactly(9);
    }

    /**
     * While all rings are restarted, as after a new memory table, frames are forwarded to the home lane, which delivers
     * them when a queue is ready.
     */
    @Test
    void withoutAnyQueueAFrameWaitsOnItsWayToTheHome() {
        learn(1, 1);
        placement.put(0, PairPlacement.NOWHERE);
        placement.put(1, PairPlacement.NOWHERE);
        assertThat(send(1, 1, 7)).isEqualTo(FramePort.DELIVERED);
        assertThat(seats[0].numbers).isEmpty();
        placement.put(0, 0);
        pollAll();
        assertThat(seats[0].numbers).containsExactly(7);
        assertThat(seats[1].numbers).isEmpty();
    }

    /** Both frame rings between the lanes are full of frames whose flows have moved to other queue pairs. */
    @Test
    void lanesNeverWaitForEachOther() {
        learn(0, 0);
        learn(1, 1);
        int number = 0;
        while (send(0, 1, number) == FramePort.DELIVERED) {
            number++;
        }
        int there = number;
        while (send(1, 0, number) == FramePort.DELIVERED) {
            number++;
        }
        assertThat(there).isEqualTo(FrameRing.ENTRIES);
        assertThat(number).isEqualTo(2 * FrameRing.ENTRIES);
        learn(0, 1);
        learn(1, 0);
        pollAll();
        assertThat(seats[1].numbers).hasSize(there);
        assertThat(seats[0].numbers).hasSize(number - there);
        assertThat(seats[0].numbers).isSorted();
        assertThat(seats[1].numbers).isSorted();
    }

    @Test
    void aFrameWithoutRoomWaitsAndNoneIsLost() {
        learn(1, 1);
        seats[1].room = 2;
        for (int number = 0; number < 5; number++) {
            assertThat(send(0, 1, number)).isEqualTo(FramePort.DELIVERED);
        }
        for (int turn = 0; turn < 10; turn++) {
            inboxes[1].poll();
        }
        assertThat(seats[1].numbers).containsExactly(0, 1);
        seats[1].room = Integer.MAX_VALUE;
        pollAll();
        assertThat(seats[1].numbers).containsExactly(0, 1, 2, 3, 4);
    }
}
