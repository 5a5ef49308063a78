// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.sys.Await;

/** Tests plain frames between guests, with every combination of ring features, headers and buffer layouts. */
class BridgeTest {
    @AutoClose
    private final TestBackEnd backEnd = start();

    TestBackEnd start() {
        return TestBackEnd.bridge(3);
    }

    static Stream<Arguments> rings() {
        List<Arguments> all = new ArrayList<>();
        for (int bits = 0; bits < 64; bits++) {
            if ((bits & 17) == 16) {
                // A packed ring is not for legacy drivers.
                continue;
            }
            List<Feature> features = new ArrayList<>();
            addIf(features, bits, 1, Feature.VERSION_1);
            addIf(features, bits, 2, Feature.MRG_RXBUF);
            addIf(features, bits, 4, Feature.EVENT_IDX);
            addIf(features, bits, 8, Feature.INDIRECT_DESC);
            addIf(features, bits, 16, Feature.RING_PACKED);
            addIf(features, bits, 32, Feature.IN_ORDER);
            all.add(Arguments.of(features));
        }
        return all.stream();
    }

    private static void addIf(List<Feature> features, int bits, int bit, Feature feature) {
        if ((bits & bit) != 0) {
            features.add(feature);
        }
    }

    @ParameterizedTest
    @MethodSource("rings")
    void framesCrossUnchangedWithEveryRingFormatAndLayout(List<Feature> features) {
        // A packed ring of another size than a power of two, which goes round in few frames.
        NetSetup setup = NetSetup.full()
                .only(features.toArray(Feature[]::new))
                .queues(1, features.contains(Feature.RING_PACKED) ? 251 : 256);
        boolean anyLayout = features.contains(Feature.VERSION_1);
        boolean indirect = features.contains(Feature.INDIRECT_DESC);
        ChainShape receive = anyLayout ? ChainShape.TOGETHER : ChainShape.HEADER_APART;
        // Small buffers show how a frame is spread over several, where that is allowed.
        int room = features.contains(Feature.MRG_RXBUF) ? 256 : NetSetup.PLAIN_FRAME_BYTES;
        NetSetup here = setup.receive(receive, room, 100);
        NetSetup there = setup.receive(indirect ? receive.inTable() : receive, room, 100);
        try (NetDriver a = backEnd.attach(0, here);
                NetDriver b = backEnd.attach(1, there)) {
            assertThat(a.headerBytes()).isEqualTo(anyLayout || features.contains(Feature.MRG_RXBUF) ? 12 : 10);
            for (ChainShape shape : shapes(anyLayout, indirect)) {
                for (int payload : new int[] {18, 100, 1472}) {
                    exchange(a, b, 1, 2, shape, payload);
                    exchange(b, a, 2, 1, shape, payload);
                }
            }
        }
    }

    private static List<ChainShape> shapes(boolean anyLayout, boolean indirect) {
        List<ChainShape> shapes = new ArrayList<>(List.of(ChainShape.HEADER_APART));
        if (anyLayout) {
            shapes.add(ChainShape.TOGETHER);
            shapes.add(ChainShape.HEADER_SPREAD);
            shapes.add(new ChainShape(5, 7, false));
        }
        shapes.add(ChainShape.pieces(13));
        if (indirect) {
            List.copyOf(shapes).forEach(shape -> shapes.add(shape.inTable()));
        }
        return shapes.stream()
                .filter(shape -> shape.framePiece() != 7 || !shape.indirect())
                .toList();
    }

    private static void exchange(NetDriver from, NetDriver to, int source, int target, ChainShape shape, int payload) {
        byte[] frame = PacketBuilder.udp4()
                .macs(source, target)
                .payload(payload, payload)
                .complete();
        // A chain of more descriptors than the indirect table takes goes without.
        ChainShape fitting = payload > 1000 && shape.framePiece() > 0 ? ChainShape.HEADER_APART : shape;
        from.send(0, frame, DriverHeader.PLAIN, fitting);
        ReceivedFrame received = to.receive();
        assertThat(received.bytes())
                .as("%s, payload of %d bytes", fitting, payload)
                .isEqualTo(frame);
        Traffic.assertHeader(to, received, DriverHeader.PLAIN);
    }

    @Test
    void guestsOfDifferentFormatsExchangeFrames() {
        try (NetDriver modern = backEnd.attach(0, NetSetup.full());
                NetDriver legacy = backEnd.attach(1, NetSetup.legacy())) {
            assertThat(legacy.headerBytes()).isEqualTo(10);
            Traffic.exchange(modern, 1, legacy, 2);
        }
    }

    @Test
    void aLearnedAddressIsReachedAloneAndAnUnknownOneEverywhere() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full());
                NetDriver c = backEnd.attach(2, NetSetup.full())) {
            byte[] unknown = PacketBuilder.udp4().macs(1, 2).payload(50, 1).complete();
            a.send(unknown);
            assertThat(b.receive().bytes()).isEqualTo(unknown);
            assertThat(c.receive().bytes()).isEqualTo(unknown);

            byte[] answer = PacketBuilder.udp4().macs(2, 1).payload(50, 2).complete();
            b.send(answer);
            assertThat(a.receive().bytes()).isEqualTo(answer);
            byte[] broadcast = PacketBuilder.udp4().macs(1, 255).payload(50, 3).complete();
            a.send(unknown);
            a.send(broadcast);
            assertThat(b.receive().bytes()).isEqualTo(unknown);
            assertThat(b.receive().bytes()).isEqualTo(broadcast);
            // The broadcast came after both earlier frames, so had they been sent to c, they would have come first.
            assertThat(c.receive().bytes()).isEqualTo(broadcast);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 8, 1024})
    void queuesMayBeSmallAndLarge(int size) {
        NetSetup setup = NetSetup.full().queues(1, size).receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, size);
        try (NetDriver a = backEnd.attach(0, setup);
                NetDriver b = backEnd.attach(1, setup)) {
            // More than two turns of the ring, so that every index wraps.
            for (int i = 0; i < 2 * size + 3; i++) {
                Traffic.exchange(a, 1, b, 2);
            }
        }
    }

    @Test
    void aBurstLargerThanTheRingKeepsItsOrder() {
        NetSetup small = NetSetup.full().queues(1, 16).receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 16);
        try (NetDriver a = backEnd.attach(0, small);
                NetDriver b = backEnd.attach(1, small)) {
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                frames.add(PacketBuilder.udp4().macs(1, 2).payload(200 + i, i).complete());
            }
            for (int round = 0; round < 20; round++) {
                a.sendBurst(0, frames, DriverHeader.PLAIN, ChainShape.HEADER_APART);
                for (byte[] frame : frames) {
                    assertThat(b.receive().bytes()).isEqualTo(frame);
                }
            }
            a.awaitSent();
        }
    }

    @Test
    void aSenderWaitsForAReceiverThatIsShortOfBuffersAndALossIsCounted() {
        NetSetup small = NetSetup.full().queues(1, 16).receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 4);
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, small)) {
            Traffic.exchange(a, 1, b, 2);
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                frames.add(PacketBuilder.udp4().macs(1, 2).payload(300, i).complete());
            }
            a.sendBurst(0, frames, DriverHeader.PLAIN, ChainShape.TOGETHER);
            // A receiver that takes too long loses frames: on a busy machine that may be this one.
            List<Integer> received = new ArrayList<>();
            Await.until("every frame is here or lost", () -> {
                b.receiveAny(Duration.ofMillis(10)).ifPresent(got -> {
                    int next = received.isEmpty() ? 0 : received.getLast() + 1;
                    while (!Arrays.equals(got.bytes(), frames.get(next))) {
                        next++;
                    }
                    received.add(next);
                });
                return received.size() + backEnd.backend().counters(1).get(Counter.RX_NO_BUFFER) >= frames.size();
            });
            assertThat(received).hasSizeGreaterThanOrEqualTo(4);
            Traffic.exchange(a, 1, b, 2);
        }
    }
}
