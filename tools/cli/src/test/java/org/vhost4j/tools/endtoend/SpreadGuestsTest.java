// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.vhostuser.server.Switching;

/** Runs the tests for guests of one lane with guests whose queue pairs are on two lanes. */
@Timeout(300)
class SpreadGuestsTest {
    private static final int FLOWS = 16;
    private static final NetSetup TWO_PAIRS = NetSetup.full().with(Feature.MQ).queues(2, 256);

    private static TestBackEnd bridge(int guests) {
        return TestBackEnd.spread(guests, 2, new Switching.Bridged(List.of()));
    }

    @Nested
    class Rings extends BridgeTest {
        @Override
        TestBackEnd start() {
            return bridge(3);
        }
    }

    @Nested
    class Offloads extends OffloadTest {
        @Override
        TestBackEnd start() {
            return bridge(2);
        }
    }

    @Nested
    class Multiqueue extends MultiqueueTest {
        @Override
        TestBackEnd start() {
            return bridge(2);
        }
    }

    @Nested
    class Scaling extends ScalingTest {
        @Override
        TestBackEnd start() {
            return bridge(2);
        }
    }

    @Nested
    class Iommu extends IommuTest {
        @Override
        TestBackEnd start() {
            return bridge(2);
        }
    }

    @Nested
    class MemoryTables extends MemoryTableTest {
        @Override
        TestBackEnd start() {
            return bridge(2);
        }
    }

    @Nested
    class HostileMemory extends HostileMemoryTest {
        @Override
        TestBackEnd start() {
            return bridge(HostileSetting.GUESTS);
        }
    }

    /** A frame of a flow, with its number in the flow. */
    private static byte[] frame(int source, int target, int flow, int number) {
        byte[] frame = PacketBuilder.udp4()
                .macs(source, target)
                .ports(1000 + flow, 5001)
                .payload(40 + number % 1000, number)
                .complete();
        ByteBuffer.wrap(frame).putShort(42, (short) flow).putInt(44, number);
        return frame;
    }

    private static byte[] answer(int flow) {
        return PacketBuilder.udp4()
                .macs(2, 1)
                .ports(5001, 1000 + flow)
                .payload(60, flow)
                .complete();
    }

    private static ReceivedFrame any(NetDriver driver) {
        return driver.receiveAny(FrontEnd.PATIENCE).orElseThrow();
    }

    /** The receiver sends by some pair for each flow, so that the flow comes there. */
    private static void learn(NetDriver a, NetDriver b, int shift) {
        for (int flow = 0; flow < FLOWS; flow++) {
            b.send((flow + shift) % 2, answer(flow), DriverHeader.PLAIN, ChainShape.TOGETHER);
            assertThat(any(a).bytes()).isEqualTo(answer(flow));
        }
    }

    /** Every flow is sent by one pair and received by one, each on either lane. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void eachFlowStaysInItsOrder(boolean packed) {
        NetSetup setup = packed ? TWO_PAIRS.packed() : TWO_PAIRS;
        try (TestBackEnd backEnd = bridge(2);
                NetDriver a = backEnd.attach(0, setup);
                NetDriver b = backEnd.attach(1, setup)) {
            learn(a, b, 0);
            int[] sent = new int[FLOWS];
            int[] received = new int[FLOWS];
            for (int round = 0; round < 100; round++) {
                for (int pair = 0; pair < 2; pair++) {
                    List<byte[]> burst = new ArrayList<>();
                    for (int i = 0; i < 60; i++) {
                        // Flows of both of the receiver's pairs in rows of different lengths.
                        int flow = 2 * (i / (1 + round % 4) % (FLOWS / 2)) + (i + round) / 7 % 2;
                        if (flow / 2 % 2 == pair) {
                            burst.add(frame(1, 2, flow, sent[flow]++));
                        }
                    }
                    a.sendBurst(pair, burst, DriverHeader.PLAIN, ChainShape.TOGETHER);
                }
                receive(b, sent, received);
            }
            assertThat(received).isEqualTo(sent);
            assertThat(backEnd.backend().counters(1).get(Counter.RX_FRAMES))
                    .isEqualTo(Arrays.stream(sent).sum() + 0L);
            assertThat(backEnd.backend().counters(0).get(Counter.TX_FRAMES))
                    .isEqualTo(Arrays.stream(sent).sum() + 0L);
        }
    }

    private static void receive(NetDriver b, int[] sent, int[] received) {
        while (!Arrays.equals(sent, received)) {
            ReceivedFrame frame = any(b);
            ByteBuffer bytes = ByteBuffer.wrap(frame.bytes());
            int flow = bytes.getShort(42);
            assertThat(bytes.getInt(44)).as("flow %d", flow).isEqualTo(received[flow]);
            assertThat(frame.pair()).as("flow %d", flow).isEqualTo(flow % 2);
            assertThat(frame.bytes()).isEqualTo(frame(1, 2, flow, received[flow]));
            received[flow]++;
        }
    }

    /** The second pair stops and starts; what was on its way to it comes by the first. */
    @Test
    void nothingIsLostWhenAPairIsDisabledAndEnabled() throws Exception {
        try (TestBackEnd backEnd = bridge(2);
                NetDriver a = backEnd.attach(0, TWO_PAIRS);
                NetDriver b = backEnd.attach(1, TWO_PAIRS)) {
            learn(a, b, 0);
            int frames = 20_000;
            AtomicBoolean done = new AtomicBoolean();
            Thread changes = Thread.ofPlatform().start(() -> {
                for (int i = 0; !done.get(); i++) {
                    b.frontEnd().setVringEnable(2, i % 2 != 0);
                }
                b.frontEnd().setVringEnable(2, true);
            });
            int next = 0;
            boolean[] came = new boolean[frames];
            int count = 0;
            while (count < frames) {
                List<byte[]> burst = new ArrayList<>();
                for (int i = 0; i < 50 && next < frames; i++) {
                    burst.add(frame(1, 2, 1 + next % 2 * 2, next++));
                }
                if (!burst.isEmpty()) {
                    a.sendBurst(next / 50 % 2, burst, DriverHeader.PLAIN, ChainShape.TOGETHER);
                }
                for (int i = 0; i < burst.size(); i++) {
                    int number = ByteBuffer.wrap(any(b).bytes()).getInt(44);
                    assertThat(came[number]).as("frame %d came twice", number).isFalse();
                    came[number] = true;
                    count++;
                }
            }
            done.set(true);
            changes.join();
            assertThat(backEnd.backend().counters(1).get(Counter.RX_NOT_READY)).isZero();
        }
    }
}
