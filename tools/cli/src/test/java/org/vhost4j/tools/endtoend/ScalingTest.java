// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests receive-side scaling and hash reports, compared with a hash that the test calculates bit by bit. */
@Timeout(300)
class ScalingTest {
    private static final int FLOWS = 64;
    private static final int IPV4 = 1;
    private static final int UDPV4 = 4;
    private static final int REPORT_UDPV4 = 3;
    private static final byte[] KEY = new byte[40];

    static {
        new SplittableRandom(4).nextBytes(KEY);
    }

    private static final NetSetup TWO_PAIRS = NetSetup.full()
            .with(Feature.MQ, Feature.CTRL_VQ, Feature.RSS, Feature.HASH_REPORT)
            .withProtocol(ProtocolFeature.CONFIG)
            .queues(2, 256);

    @AutoClose
    private final TestBackEnd backEnd = start();

    TestBackEnd start() {
        return TestBackEnd.bridge(2, 2);
    }

    private static byte[] frame(int flow) {
        return PacketBuilder.udp4()
                .macs(1, 2)
                .ports(1000 + flow, 5001)
                .payload(300, flow)
                .complete();
    }

    private static byte[] notIp() {
        byte[] frame = frame(0);
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        return frame;
    }

    private static int hash(byte[] frame) {
        byte[] input = Arrays.copyOfRange(frame, 26, 38);
        int hash = 0;
        for (int bit = 0; bit < 8 * input.length; bit++) {
            if ((input[bit / 8] >>> (7 - bit % 8) & 1) != 0) {
                for (int i = 0; i < 32; i++) {
                    int of = bit + i;
                    hash ^= (KEY[of / 8] >>> (7 - of % 8) & 1) << (31 - i);
                }
            }
        }
        return hash;
    }

    private static int scale(NetDriver driver, int types, int unclassified, int... table) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        data.writeBytes(new byte[] {(byte) types, (byte) (types >>> 8), 0, 0});
        data.writeBytes(new byte[] {(byte) (table.length - 1), 0, (byte) unclassified, 0});
        for (int pair : table) {
            data.writeBytes(new byte[] {(byte) pair, 0});
        }
        data.writeBytes(new byte[] {2, 0, (byte) KEY.length});
        data.writeBytes(KEY);
        return driver.control(Control.MQ, Control.MQ_RSS_CONFIG, data.toByteArray());
    }

    private static ReceivedFrame any(NetDriver driver) {
        return driver.receiveAny(FrontEnd.PATIENCE).orElseThrow();
    }

    @Test
    void theTableDecidesAndTheHashIsReported() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, TWO_PAIRS)) {
            int[] table = {0, 1, 1, 0, 1, 0, 0, 1};
            assertThat(scale(b, UDPV4 | IPV4, 1, table)).isEqualTo(Control.OK);
            Set<Integer> pairs = new HashSet<>();
            for (int flow = 0; flow < FLOWS; flow++) {
                byte[] frame = frame(flow);
                a.send(frame);
                ReceivedFrame received = any(b);
                assertThat(received.bytes()).isEqualTo(frame);
                assertThat(received.hashReport()).isEqualTo(REPORT_UDPV4);
                assertThat(received.hashValue()).isEqualTo(hash(frame));
                assertThat(received.pair()).isEqualTo(table[hash(frame) & 7]);
                pairs.add(received.pair());
            }
            assertThat(pairs).containsExactlyInAnyOrder(0, 1);
            a.send(notIp());
            ReceivedFrame unclassified = any(b);
            assertThat(unclassified.pair()).isEqualTo(1);
            assertThat(unclassified.hashReport()).isZero();
            assertThat(unclassified.hashValue()).isZero();
        }
    }

    @Test
    void aRefusedTableLeavesThePreviousOne() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, TWO_PAIRS)) {
            assertThat(scale(b, UDPV4, 0, 1)).isEqualTo(Control.OK);
            assertThat(scale(b, UDPV4, 0, 2)).as("there are two pairs").isEqualTo(Control.ERR);
            a.send(frame(1));
            assertThat(any(b).pair()).isEqualTo(1);
        }
    }

    @Test
    void pairsSetByNumberEndTheScalingAndAutomaticSteeringBegins() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, TWO_PAIRS)) {
            assertThat(scale(b, UDPV4, 0, 1)).isEqualTo(Control.OK);
            assertThat(b.control(Control.MQ, Control.MQ_VQ_PAIRS_SET, (byte) 2, (byte) 0))
                    .isEqualTo(Control.OK);
            for (int flow = 0; flow < FLOWS; flow++) {
                byte[] question = PacketBuilder.udp4()
                        .macs(2, 1)
                        .ports(5001, 1000 + flow)
                        .payload(60, flow)
                        .complete();
                b.send(flow % 2, question, DriverHeader.PLAIN, ChainShape.TOGETHER);
                a.receive();
                a.send(frame(flow));
                ReceivedFrame received = any(b);
                assertThat(received.pair()).isEqualTo(flow % 2);
                assertThat(received.hashValue()).as("reports continue").isEqualTo(hash(frame(flow)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void hashesAloneAreReportedWithoutScaling(ChainShape receive, ChainShape send) {
        NetSetup reports = NetSetup.full()
                .with(Feature.CTRL_VQ, Feature.HASH_REPORT)
                .withProtocol(ProtocolFeature.CONFIG)
                .receive(receive, NetSetup.PLAIN_FRAME_BYTES, 8);
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, reports)) {
            a.send(frame(1));
            assertThat(b.receive().hashReport()).as("nothing was configured").isZero();
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            data.writeBytes(new byte[] {UDPV4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40});
            data.writeBytes(KEY);
            assertThat(b.control(Control.MQ, Control.MQ_HASH_CONFIG, data.toByteArray()))
                    .isEqualTo(Control.OK);
            a.send(0, frame(2), DriverHeader.PLAIN, send);
            ReceivedFrame received = b.receive();
            assertThat(received.bytes()).isEqualTo(frame(2));
            assertThat(received.hashReport()).isEqualTo(REPORT_UDPV4);
            assertThat(received.hashValue()).isEqualTo(hash(frame(2)));
        }
    }

    static List<Arguments> shapes() {
        return List.of(
                Arguments.of(ChainShape.TOGETHER, ChainShape.TOGETHER),
                Arguments.of(ChainShape.HEADER_APART, ChainShape.pieces(7)),
                Arguments.of(ChainShape.HEADER_SPREAD, ChainShape.pieces(1000)));
    }
}
