// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
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

/** Tests two queue pairs, as QEMU's net device uses them and as a guest with a control queue does. */
class MultiqueueTest {
    private static final int FLOWS = 32;

    @AutoClose
    private final TestBackEnd backEnd = start();

    TestBackEnd start() {
        return TestBackEnd.bridge(2, 2);
    }

    /** QEMU's own net device: MQ is acknowledged, the control queue is QEMU's, every ring is enabled. */
    private static final NetSetup QEMU = NetSetup.full().with(Feature.MQ).queues(2, 256);

    private static final NetSetup WITH_CONTROL_QUEUE =
            QEMU.with(Feature.CTRL_VQ).withProtocol(ProtocolFeature.CONFIG);

    @Test
    void theBackEndSaysHowManyPairsItHas() {
        try (FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(0))) {
            frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & ProtocolFeature.MQ.mask());
            assertThat(frontEnd.getQueueNum()).isEqualTo(2);
        }
    }

    @Test
    void framesOfEveryPairArrive() {
        try (NetDriver a = backEnd.attach(0, QEMU);
                NetDriver b = backEnd.attach(1, QEMU)) {
            for (int flow = 0; flow < FLOWS; flow++) {
                byte[] frame = flow(flow, 1, 2);
                a.send(flow % 2, frame, DriverHeader.PLAIN, ChainShape.TOGETHER);
                assertThat(any(b).bytes()).isEqualTo(frame);
            }
        }
    }

    @Test
    void aFlowComesBackOnThePairThatItWasSentBy() {
        try (NetDriver a = backEnd.attach(0, QEMU);
                NetDriver b = backEnd.attach(1, QEMU)) {
            for (int flow = 0; flow < FLOWS; flow++) {
                a.send(flow % 2, flow(flow, 1, 2), DriverHeader.PLAIN, ChainShape.TOGETHER);
                any(b);
            }
            for (int flow = 0; flow < FLOWS; flow++) {
                byte[] answer = PacketBuilder.udp4()
                        .macs(2, 1)
                        .ports(5001, 1000 + flow)
                        .payload(300, flow)
                        .complete();
                b.send(answer);
                ReceivedFrame received = any(a);
                assertThat(received.bytes()).isEqualTo(answer);
                assertThat(received.pair()).as("flow %d", flow).isEqualTo(flow % 2);
            }
        }
    }

    @Test
    void framesThatAreSentTogetherComeOnThePairsOfTheirFlowsInTheirOrder() {
        try (NetDriver a = backEnd.attach(0, QEMU);
                NetDriver b = backEnd.attach(1, QEMU)) {
            for (int pair = 0; pair < 2; pair++) {
                List<byte[]> question = new ArrayList<>();
                for (int flow = pair; flow < FLOWS; flow += 2) {
                    question.add(flow(flow, 1, 2));
                }
                a.sendBurst(pair, question, DriverHeader.PLAIN, ChainShape.TOGETHER);
                question.forEach(frame -> assertThat(any(b).bytes()).isEqualTo(frame));
            }
            List<byte[]> answers = new ArrayList<>();
            List<List<byte[]>> expected = List.of(new ArrayList<>(), new ArrayList<>());
            for (int i = 0; i < 40; i++) {
                // Rows of one, two and three frames of a flow.
                int flow = i / (1 + i / 10 % 3) % FLOWS;
                byte[] answer = PacketBuilder.udp4()
                        .macs(2, 1)
                        .ports(5001, 1000 + flow)
                        .payload(200 + i, i)
                        .complete();
                answers.add(answer);
                expected.get(flow % 2).add(answer);
            }
            b.sendBurst(0, answers, DriverHeader.PLAIN, ChainShape.TOGETHER);
            List<List<byte[]>> received = List.of(new ArrayList<>(), new ArrayList<>());
            for (int i = 0; i < answers.size(); i++) {
                ReceivedFrame frame = any(a);
                received.get(frame.pair()).add(frame.bytes());
            }
            assertThat(received.get(0)).containsExactlyElementsOf(expected.get(0));
            assertThat(received.get(1)).containsExactlyElementsOf(expected.get(1));
        }
    }

    @Test
    void onlyTheFirstPairIsUsedUntilTheDriverAsksForMore() {
        try (NetDriver a = backEnd.attach(0, WITH_CONTROL_QUEUE);
                NetDriver b = backEnd.attach(1, WITH_CONTROL_QUEUE)) {
            assertThat(a.controlQueue().index()).isEqualTo(4);
            assertThat(pairsThatReceive(a, b)).containsExactly(0);
            assertThat(b.control(Control.MQ, Control.MQ_VQ_PAIRS_SET, (byte) 2, (byte) 0))
                    .isEqualTo(Control.OK);
            assertThat(pairsThatReceive(a, b)).containsExactlyInAnyOrder(0, 1);
            assertThat(b.control(Control.MQ, Control.MQ_VQ_PAIRS_SET, (byte) 1, (byte) 0))
                    .isEqualTo(Control.OK);
            assertThat(pairsThatReceive(a, b)).containsExactly(0);
            assertThat(b.control(Control.MQ, Control.MQ_VQ_PAIRS_SET, (byte) 0, (byte) 0))
                    .isEqualTo(Control.ERR);
            assertThat(b.control(Control.MQ, Control.MQ_VQ_PAIRS_SET, (byte) 3, (byte) 0))
                    .isEqualTo(Control.ERR);
        }
    }

    private static Set<Integer> pairsThatReceive(NetDriver from, NetDriver to) {
        Set<Integer> pairs = new HashSet<>();
        // The receiver sends first, by both pairs, so that the device can know which pair a flow belongs to.
        for (int flow = 0; flow < FLOWS; flow++) {
            byte[] question = PacketBuilder.udp4()
                    .macs(2, 1)
                    .ports(5001, 1000 + flow)
                    .payload(60, flow)
                    .complete();
            to.send(flow % 2, question, DriverHeader.PLAIN, ChainShape.TOGETHER);
            any(from);
            byte[] frame = flow(flow, 1, 2);
            from.send(frame);
            ReceivedFrame received = any(to);
            assertThat(received.bytes()).isEqualTo(frame);
            pairs.add(received.pair());
        }
        return pairs;
    }

    @Test
    void aDisabledReceiveQueueGetsNothingAndADisabledTransmitQueueIsEmptied() {
        try (NetDriver a = backEnd.attach(0, QEMU);
                NetDriver b = backEnd.attach(1, QEMU)) {
            b.frontEnd().setVringEnable(2, false);
            for (int flow = 0; flow < FLOWS; flow++) {
                a.send(flow % 2, flow(flow, 1, 2), DriverHeader.PLAIN, ChainShape.TOGETHER);
                assertThat(any(b).pair()).isZero();
            }
            a.frontEnd().setVringEnable(3, false);
            a.send(1, flow(1, 1, 2), DriverHeader.PLAIN, ChainShape.TOGETHER);
            a.awaitSent();
            byte[] next = flow(2, 1, 2);
            a.send(0, next, DriverHeader.PLAIN, ChainShape.TOGETHER);
            assertThat(any(b).bytes())
                    .as("what was sent by the disabled queue is gone")
                    .isEqualTo(next);
        }
    }

    private static byte[] flow(int number, int source, int target) {
        return PacketBuilder.udp4()
                .macs(source, target)
                .ports(1000 + number, 5001)
                .payload(300, number)
                .complete();
    }

    private static ReceivedFrame any(NetDriver driver) {
        return driver.receiveAny(FrontEnd.PATIENCE).orElseThrow();
    }
}
