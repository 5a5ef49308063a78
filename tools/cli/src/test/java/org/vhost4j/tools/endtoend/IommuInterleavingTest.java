// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEndIommu;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Packet;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.wire.IotlbMessage;

/**
 * Tests frames in flight while an IOMMU invalidates their translations: each is sent once, and must arrive once and
 * undamaged.
 */
@Timeout(300)
class IommuInterleavingTest {
    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.patientBridge(2);

    private static byte[] frame(int source, int target, int bytes, int seed) {
        return PacketBuilder.udp4().macs(source, target).payload(bytes, seed).complete();
    }

    /** Answers both sides until {@code count} more frames have arrived at one. */
    private static void collect(IommuGuest from, IommuGuest to, int count, List<ReceivedFrame> into) {
        int wanted = into.size() + count;
        Await.until(count + " more frames", () -> {
            from.answerNow();
            to.answerNow();
            to.driver.receiveAny(Duration.ZERO).ifPresent(into::add);
            return into.size() == wanted;
        });
    }

    private static byte[] next(IommuGuest from, IommuGuest to) {
        return nextFrame(from, to).bytes();
    }

    private static ReceivedFrame nextFrame(IommuGuest from, IommuGuest to) {
        List<ReceivedFrame> one = new ArrayList<>();
        collect(from, to, 1, one);
        return one.getFirst();
    }

    private static void introduce(IommuGuest a, IommuGuest b) {
        a.driver.send(frame(1, 2, 100, 0));
        next(a, b);
        b.driver.send(frame(2, 1, 100, 0));
        next(b, a);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFrameWaitsForTheRingOfItsReceiver(boolean packed) {
        try (IommuGuest a = new IommuGuest(backEnd, 0, packed);
                IommuGuest b = new IommuGuest(backEnd, 1, packed)) {
            introduce(a, b);
            for (int i = 0; i < 10; i++) {
                b.withdrawAll();
                int before = b.fingerprint();
                byte[] sent = frame(1, 2, 1400, i);
                a.driver.send(sent);
                while (a.answer().isPresent()) {
                    // Until it has nothing more to ask, so that only the receiver holds the frame up.
                }
                assertThat(b.fingerprint())
                        .as("memory that was withdrawn is not written")
                        .isEqualTo(before);
                assertThat(next(a, b)).isEqualTo(sent);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFrameThatWaitsIsReadWhereItLiesThen(boolean packed) {
        try (IommuGuest a = new IommuGuest(backEnd, 0, packed);
                IommuGuest b = new IommuGuest(backEnd, 1, packed)) {
            introduce(a, b);
            DriverMemory memory = a.driver.ram().memory();
            long page = memory.allocate(FrontEndIommu.PAGE, FrontEndIommu.PAGE);
            long other = memory.allocate(FrontEndIommu.PAGE, FrontEndIommu.PAGE);
            byte[] old = a.write(page, frame(1, 2, 1400, 1));
            byte[] current = a.write(other, frame(1, 2, 1400, 2));
            assertThat(old).isNotEqualTo(current);
            assertThat(a.iommu.map(page, IotlbMessage.READ)).isZero();
            b.keepRingsOnly();
            a.offer(page, old.length);
            // The receiver is asked for a buffer: the frame has been read, and waits.
            IotlbMessage asked = b.iommu.miss(Await.PATIENCE).orElseThrow();
            assertThat(a.iommu.invalidate(page, FrontEndIommu.PAGE)).isZero();
            assertThat(b.iommu.map(asked.iova(), IommuGuest.BOTH)).isZero();
            a.awaitMiss(page);
            assertThat(a.iommu.map(page, other, IotlbMessage.READ)).isZero();
            assertThat(next(a, b)).isEqualTo(current);
        }
    }

    /** Its senders are delayed for a while, and not permanently. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFrontEndThatOwesTranslationsLosesFramesInTheEnd(boolean ringsToo) {
        try (TestBackEnd impatient = TestBackEnd.bridge(2);
                IommuGuest a = new IommuGuest(impatient, 0, false);
                IommuGuest b = new IommuGuest(impatient, 1, false)) {
            // A frame whose questions a busy machine answers too late is sent again.
            byte[] there = frame(1, 2, 100, 0);
            IommuGuest.arrives(a, b, there, () -> a.driver.send(there));
            byte[] back = frame(2, 1, 100, 0);
            IommuGuest.arrives(b, a, back, () -> b.driver.send(back));
            a.mapAll();
            if (ringsToo) {
                b.withdrawAll();
            } else {
                b.keepRingsOnly();
            }
            a.driver.send(frame(1, 2, 1400, 1));
            a.driver.awaitSent();
            a.driver.send(frame(1, 2, 1400, 2));
            a.driver.awaitSent();
            b.mapAll();
            byte[] last = frame(1, 2, 1400, 3);
            a.driver.send(last);
            // Nothing is asked any more. The answer to an old question would replace the mapping of all, and there is
            // no time left to ask.
            assertThat(b.driver.receive().bytes()).isEqualTo(last);
        }
    }

    /** Both ways at a time, short frames and such as need several buffers, while pages and everything are withdrawn. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsLostRepeatedOrOutOfOrder(boolean packed) {
        Random random = new Random(packed ? 2 : 1);
        try (IommuGuest a = new IommuGuest(backEnd, 0, packed);
                IommuGuest b = new IommuGuest(backEnd, 1, packed)) {
            introduce(a, b);
            for (int round = 0; round < 40; round++) {
                List<byte[]> there = frames(1, 2, round, random);
                List<byte[]> back = frames(2, 1, round, random);
                a.driver.sendBurst(0, there, DriverHeader.PLAIN, ChainShape.TOGETHER);
                b.driver.sendBurst(0, back, DriverHeader.PLAIN, ChainShape.TOGETHER);
                List<ReceivedFrame> atB = new ArrayList<>();
                List<ReceivedFrame> atA = new ArrayList<>();
                for (int i = 0; i < there.size(); i++) {
                    disturb(random.nextBoolean() ? a : b, random);
                    collect(a, b, 1, atB);
                }
                collect(b, a, back.size(), atA);
                assertThat(atB.stream().map(ReceivedFrame::bytes)).containsExactlyElementsOf(there);
                assertThat(atA.stream().map(ReceivedFrame::bytes)).containsExactlyElementsOf(back);
            }
        }
    }

    private static List<byte[]> frames(int source, int target, int round, Random random) {
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int bytes = random.nextInt(4) == 0 ? 6000 : 60 + random.nextInt(1400);
            frames.add(frame(source, target, bytes, 100 * round + i));
        }
        return frames;
    }

    private static void disturb(IommuGuest guest, Random random) {
        DriverMemory memory = guest.driver.ram().memory();
        switch (random.nextInt(3)) {
            case 0 -> guest.withdrawAll();
            case 1 -> guest.keepRingsOnly();
            default -> {
                long pages = memory.size() / FrontEndIommu.PAGE;
                long page = memory.guestBase() + random.nextLong(pages) * FrontEndIommu.PAGE;
                assertThat(guest.iommu.invalidate(page, 8 * FrontEndIommu.PAGE)).isZero();
            }
        }
    }

    /** Each segment of a super-frame goes to a receiver that has to be asked for each buffer, and between them the sender loses all. */
    @Test
    void theRestOfASuperFrameFollowsWhatWasDelivered() {
        try (IommuGuest a = new IommuGuest(backEnd, 0, false);
                IommuGuest b = new IommuGuest(
                        backEnd,
                        1,
                        NetSetup.full().without(Feature.GUEST_TSO4, Feature.GUEST_TSO6, Feature.GUEST_ECN))) {
            introduce(a, b);
            PacketBuilder builder = PacketBuilder.tcp4().macs(1, 2).payload(30_000, 7);
            byte[] whole = builder.partial();
            b.keepRingsOnly();
            a.driver.send(whole, builder.superHeader(1000));
            List<byte[]> segments = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                a.withdrawAll();
                ReceivedFrame received = nextFrame(a, b);
                segments.add(Packet.complete(received.bytes(), received.header()));
            }
            assertThat(Packet.segmentationProblems(whole, 1000, segments)).isEmpty();
        }
    }
}
