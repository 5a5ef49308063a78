// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.offload.OffloadCounter;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.DeviceSnapshot;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/** Tests guests on two lanes: those with even numbers are on the first, the others on the second. */
@Timeout(300)
class LanesTest {
    private static TestBackEnd bridge(int guests) {
        return TestBackEnd.onTwoLanes(guests, 1, new Switching.Bridged(List.of()));
    }

    private static byte[] frame(int source, int target, int number) {
        return PacketBuilder.udp4()
                .macs(source, target)
                .payload(60 + number % 900, number)
                .complete();
    }

    /** A receiver without buffers, which loses what it has no room for only after a while. */
    private static NetSetup shortOfBuffers() {
        return NetSetup.full().queues(1, 16).receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 4);
    }

    @Test
    void everyGuestReachesEveryOther() {
        int guests = 5;
        List<NetDriver> drivers = new ArrayList<>();
        try (TestBackEnd backEnd = bridge(guests)) {
            for (int i = 0; i < guests; i++) {
                drivers.add(backEnd.attach(i, NetSetup.full()));
            }
            for (int i = 0; i < guests; i++) {
                byte[] broadcast = frame(1 + i, 255, i);
                drivers.get(i).send(broadcast);
                for (int j = 0; j < guests; j++) {
                    if (j != i) {
                        assertThat(drivers.get(j).receive().bytes()).isEqualTo(broadcast);
                    }
                }
            }
            for (int i = 0; i < guests; i++) {
                for (int j = 0; j < guests; j++) {
                    if (i != j) {
                        // The next frame that each of the two gets is this one: no frame for another was flooded to it.
                        Traffic.exchange(drivers.get(i), 1 + i, drivers.get(j), 1 + j);
                    }
                }
            }
            drivers.forEach(NetDriver::close);
        }
    }

    /** Both ways at a time, so that both lanes have work of both kinds. */
    @Test
    void manyFramesCrossInOrderBothWays() {
        try (TestBackEnd backEnd = bridge(2);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full().packed())) {
            int rounds = 400;
            int burst = 50;
            for (int round = 0; round < rounds; round++) {
                List<byte[]> there = frames(1, 2, round * burst, burst);
                List<byte[]> back = frames(2, 1, round * burst, burst);
                a.sendBurst(0, there, DriverHeader.PLAIN, ChainShape.TOGETHER);
                b.sendBurst(0, back, DriverHeader.PLAIN, ChainShape.TOGETHER);
                for (int i = 0; i < burst; i++) {
                    assertThat(b.receive().bytes()).isEqualTo(there.get(i));
                    assertThat(a.receive().bytes()).isEqualTo(back.get(i));
                }
            }
            assertThat(backEnd.backend().counters(1).get(Counter.RX_FRAMES)).isEqualTo((long) rounds * burst);
            assertThat(backEnd.backend().offloads().get(OffloadCounter.PASSED)).isEqualTo(2L * rounds * burst);
        }
    }

    private static List<byte[]> frames(int source, int target, int from, int count) {
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            frames.add(frame(source, target, from + i));
        }
        return frames;
    }

    @Test
    void aGuestWithoutBuffersDelaysNoOtherForGood() {
        try (TestBackEnd backEnd = bridge(4);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, shortOfBuffers());
                NetDriver c = backEnd.attach(3, NetSetup.full())) {
            Traffic.exchange(a, 1, b, 2);
            Traffic.oneWayAfterOthers(a, 1, c, 4);
            Traffic.oneWayAfterOthers(c, 4, a, 1);
            b.repost(0, false);
            int frames = 2000;
            long before = settled(backEnd, 1);
            for (int i = 0; i < frames; i += 100) {
                a.sendBurst(0, frames(1, 2, i, 100), DriverHeader.PLAIN, ChainShape.TOGETHER);
            }
            a.awaitSent();
            Traffic.oneWayAfterOthers(a, 1, c, 4);
            Traffic.oneWayAfterOthers(c, 4, a, 1);
            // Some of them are still on their way to a guest that does not take them.
            awaitSettled(backEnd, 1, before + frames);
        }
    }

    /** Frames for a guest of which it is settled what happens to them. */
    private static long settled(TestBackEnd backEnd, int guest) {
        Counters counters = backEnd.backend().counters(guest);
        return counters.get(Counter.RX_FRAMES)
                + counters.get(Counter.RX_NO_BUFFER)
                + counters.get(Counter.RX_NOT_READY);
    }

    private static void awaitSettled(TestBackEnd backEnd, int guest, long frames) {
        Await.until(frames + " frames are settled", () -> settled(backEnd, guest) >= frames);
        assertThat(settled(backEnd, guest)).isEqualTo(frames);
    }

    @Test
    void aGuestMayLeaveWhileFramesForItWait() {
        try (TestBackEnd backEnd = bridge(3);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver c = backEnd.attach(2, NetSetup.full())) {
            Traffic.oneWayAfterOthers(a, 1, c, 3);
            Traffic.oneWay(c, 3, a, 1);
            awaitSettled(backEnd, 1, 1);
            Held before = Held.now();
            for (int round = 0; round < 5; round++) {
                try (NetDriver b = backEnd.attach(1, shortOfBuffers())) {
                    Traffic.oneWayAfterOthers(b, 2, a, 1);
                    b.repost(0, false);
                    a.sendBurst(0, frames(1, 2, 0, 100), DriverHeader.PLAIN, ChainShape.TOGETHER);
                    // The ring is full, and frames wait on the way; now it goes.
                    assertThat(b.receiveAny(FrontEnd.PATIENCE)).isPresent();
                }
                a.awaitSent();
                Traffic.oneWayAfterOthers(a, 1, c, 3);
                before.awaitAgain();
            }
            // What was on its way is gone: a guest that comes then gets what is sent then.
            awaitSettled(backEnd, 1, 1 + 5 * 100);
            try (NetDriver b = backEnd.attach(1, NetSetup.full())) {
                Traffic.oneWay(a, 1, b, 2);
            }
        }
    }

    @Test
    void theSenderMayGoWhileItsFramesWait() {
        try (TestBackEnd backEnd = bridge(2);
                NetDriver b = backEnd.attach(1, NetSetup.full().queues(1, 256))) {
            List<byte[]> sent = frames(1, 2, 0, 60);
            try (NetDriver a = backEnd.attach(0, NetSetup.full())) {
                Traffic.exchange(a, 1, b, 2);
                a.sendBurst(0, sent, DriverHeader.PLAIN, ChainShape.TOGETHER);
                a.awaitSent();
            }
            // Its memory is gone; its frames are copies.
            for (byte[] frame : sent) {
                assertThat(b.receive().bytes()).isEqualTo(frame);
            }
        }
    }

    @Test
    void memoryThatVanishesWhileFramesComeFromAnotherLaneStopsThatGuestAlone() {
        try (TestBackEnd backEnd = bridge(4);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver c = backEnd.attach(2, NetSetup.full());
                NetDriver d = backEnd.attach(3, NetSetup.full())) {
            try (NetDriver b = backEnd.attach(1, NetSetup.full())) {
                Traffic.exchange(a, 1, b, 2);
                b.ram().truncate(0);
                // Lane 1 finds out when it hands over what lane 0 has sent.
                a.sendBurst(0, frames(1, 2, 0, 50), DriverHeader.PLAIN, ChainShape.TOGETHER);
                backEnd.awaitLine("guest1", "memory");
                Traffic.oneWayAfterOthers(a, 1, d, 4);
                Traffic.oneWayAfterOthers(d, 4, c, 3);
                Traffic.oneWayAfterOthers(c, 3, a, 1);
            }
            backEnd.assertSaidOnce("stopped");
            try (NetDriver b = backEnd.attach(1, NetSetup.full())) {
                Traffic.oneWayAfterOthers(a, 1, b, 2);
                Traffic.oneWayAfterOthers(b, 2, d, 4);
            }
        }
    }

    @Test
    void memoryThatVanishesUnderASenderStopsThatGuestAlone() {
        try (TestBackEnd backEnd = bridge(3);
                NetDriver b = backEnd.attach(1, NetSetup.full());
                NetDriver c = backEnd.attach(2, NetSetup.full())) {
            try (NetDriver a = backEnd.attach(0, NetSetup.full())) {
                Traffic.oneWayAfterOthers(a, 1, b, 2);
                a.ram().truncate(0);
                a.transmitQueue(0).kick().signal();
                backEnd.awaitLine("guest0", "memory");
                Traffic.oneWayAfterOthers(b, 2, c, 3);
                Traffic.oneWayAfterOthers(c, 3, b, 2);
            }
            backEnd.assertSaidOnce("stopped");
        }
    }

    @Test
    void aLinkIsSetOnWhicheverLaneAndEveryDeviceIsSeen() throws Exception {
        try (TestBackEnd backEnd = bridge(3);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            Traffic.exchange(a, 1, b, 2);
            assertThat(backEnd.backend().link("guest1", false).get()).isTrue();
            assertThat(backEnd.backend().link("guest7", false).get()).isFalse();
            assertThat(backEnd.backend().devices().get())
                    .extracting(DeviceSnapshot::name, DeviceSnapshot::state)
                    .containsExactly(
                            tuple("guest0", DeviceSnapshot.State.RUNNING),
                            tuple("guest1", DeviceSnapshot.State.NEGOTIATED),
                            tuple("guest2", DeviceSnapshot.State.WAITING));
            byte[] lost = frame(1, 2, 1);
            a.send(lost);
            awaitSettled(backEnd, 1, 2);
            assertThat(backEnd.backend().link("guest1", true).get()).isTrue();
            Traffic.exchange(a, 1, b, 2);
        }
    }

    @Test
    void aStationThatMovesToAnotherLaneIsFollowed() {
        try (TestBackEnd backEnd = bridge(3);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full());
                NetDriver c = backEnd.attach(2, NetSetup.full())) {
            Traffic.oneWayAfterOthers(c, 3, a, 1);
            Traffic.oneWayAfterOthers(a, 1, c, 3);
            for (int i = 0; i < 3; i++) {
                // Station 9 is behind b, and then behind a.
                Traffic.oneWayAfterOthers(b, 9, c, 3);
                Traffic.oneWayAfterOthers(c, 3, b, 9);
                Traffic.oneWayAfterOthers(a, 9, c, 3);
                Traffic.oneWayAfterOthers(c, 3, a, 9);
            }
            assertThat(drained(b)).as("frames for a that came to b").isEmpty();
        }
    }

    /** What is there for a guest besides the frames that were flooded while a station was unknown. */
    private static List<byte[]> drained(NetDriver driver) {
        List<byte[]> mine = new ArrayList<>();
        for (Optional<ReceivedFrame> next = driver.receiveAny(Duration.ofMillis(20));
                next.isPresent();
                next = driver.receiveAny(Duration.ofMillis(20))) {
            byte[] bytes = next.get().bytes();
            if (Arrays.equals(bytes, 0, 6, new byte[] {2, 0, 0, 0, 0, 9}, 0, 6)) {
                mine.add(bytes);
            }
        }
        return mine;
    }

    @Test
    void theUplinkIsReachedFromEveryLane() {
        CompletableFuture<Reflector> opened = new CompletableFuture<>();
        Uplink uplink = (lane, sink) -> {
            Reflector reflector = new Reflector(lane, sink);
            opened.complete(reflector);
            return reflector;
        };
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(2, 1, new Switching.Bridged(List.of(uplink)));
                NetDriver a = backEnd.attach(0, NetSetup.full().withoutOffloads())) {
            assertThat(reflected(a, frame(1, 9, 1))).isTrue();
            try (NetDriver b = backEnd.attach(1, NetSetup.full())) {
                for (int i = 0; i < 100; i++) {
                    assertThat(reflected(b, frame(2, 9, i))).isTrue();
                }
                PacketBuilder packet = PacketBuilder.tcp4().macs(2, 9).payload(10_000, 1);
                b.send(packet.partial(), packet.superHeader(1000));
                for (int i = 0; i < 10; i++) {
                    assertThat(b.receive().bytes()).as("cut for the uplink").hasSize(14 + 20 + 20 + 1000);
                }
                assertThat(a.poll(0)).as("what is for others").isEmpty();
            }
            backEnd.awaitLine("guest1 detached");
            // What was told before it left is told by now, too: these are frames of the lane that tells it.
            assertThat(reflected(a, frame(1, 9, 2))).isTrue();
            assertThat(reflected(a, frame(1, 9, 3))).isTrue();
            assertThat(opened.join().told).allMatch(told -> told.startsWith("vhost4j-lane0 "));
            assertThat(opened.join().told).anyMatch(told -> !told.endsWith(" 0"));
        }
    }

    /** Whether a frame comes back; others may come before it. */
    private static boolean reflected(NetDriver driver, byte[] frame) {
        driver.send(frame);
        byte[] swapped = swapped(frame);
        byte[] received;
        do {
            received = driver.receive().bytes();
        } while (!Arrays.equals(received, swapped));
        return true;
    }

    @Test
    void sinksEchoesAndSourcesAreOfEachLane() {
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(2, 1, new Switching.Echoed());
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            for (NetDriver driver : List.of(a, b)) {
                assertEchoes(driver);
            }
        }
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(2, 1, new Switching.Source(100));
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            for (NetDriver driver : List.of(a, b)) {
                for (int i = 0; i < 1000; i++) {
                    assertThat(driver.receive().bytes()).hasSize(100);
                }
            }
        }
    }

    private static void assertEchoes(NetDriver driver) {
        byte[] sent = frame(1, 2, 3);
        driver.send(sent);
        assertThat(driver.receive().bytes()).isEqualTo(swapped(sent));
    }

    private static byte[] swapped(byte[] frame) {
        byte[] swapped = frame.clone();
        System.arraycopy(frame, 0, swapped, 6, 6);
        System.arraycopy(frame, 6, swapped, 0, 6);
        return swapped;
    }

    @Test
    void thereAreNoMoreLanesThanGuests() {
        // A thread of an earlier test's back-end is there for a moment after it has ended.
        Await.until("lanes of before are gone", () -> lanes().isEmpty());
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(1, 1, new Switching.Echoed());
                NetDriver a = backEnd.attach(0, NetSetup.full())) {
            assertEchoes(a);
            assertThat(lanes()).containsExactly("vhost4j-lane0");
        }
    }

    private static List<String> lanes() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.matches("vhost4j-lane\\d+"))
                .toList();
    }
}
