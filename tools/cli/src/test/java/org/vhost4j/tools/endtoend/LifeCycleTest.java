// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests front-ends that connect, stop, disconnect and reconnect. */
@Timeout(300)
class LifeCycleTest {
    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(2);

    @Test
    void aFrontEndThatGoesAwayLeavesNothingAndTheNextIsServed() {
        try (NetDriver b = backEnd.attach(1, NetSetup.full())) {
            Held before = Held.now();
            for (int i = 0; i < 10; i++) {
                NetSetup setup = i % 2 == 0 ? NetSetup.full() : NetSetup.legacy();
                try (NetDriver a = backEnd.attach(0, setup)) {
                    Traffic.exchange(a, 1, b, 2);
                }
                before.awaitAgain();
            }
        }
    }

    @Test
    void aFrontEndThatDiesInTheMiddleOfTrafficDisturbsNoOther() {
        try (NetDriver b = backEnd.attach(1, NetSetup.full())) {
            for (int i = 0; i < 5; i++) {
                try (NetDriver a = backEnd.attach(0, NetSetup.full())) {
                    byte[] frame =
                            PacketBuilder.udp4().macs(2, 1).payload(1000, i).complete();
                    for (int n = 0; n < 50; n++) {
                        b.send(frame);
                    }
                    a.receive();
                    a.frontEnd().close();
                }
                b.awaitSent();
            }
            try (NetDriver a = backEnd.attach(0, NetSetup.full())) {
                Traffic.exchange(a, 1, b, 2);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "false, true", "true, true"})
    void queuesThatStopContinueWhereTheyStopped(boolean eventIdx, boolean packed) {
        NetSetup format = packed ? NetSetup.full().packed().queues(1, 7) : NetSetup.full();
        NetSetup setup = eventIdx ? format : format.without(Feature.EVENT_IDX);
        try (NetDriver a = backEnd.attach(0, setup);
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            for (int i = 0; i < 10; i++) {
                Traffic.exchange(a, 1, b, 2);
                a.stop();
                byte[] late = PacketBuilder.udp4().macs(1, 2).payload(222, i).complete();
                a.send(late);
                assertThat(b.poll(0)).as("while the queue is stopped").isEmpty();
                a.resume();
                assertThat(b.receive().bytes()).as("without another kick").isEqualTo(late);
            }
        }
    }

    /** RING_RESET, as a front-end does it whose driver resets one queue: it stops the ring and starts it from the beginning. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void oneQueueIsResetWhileTheOthersRun(boolean packed) {
        NetSetup setup = (packed ? NetSetup.full().packed() : NetSetup.full()).with(Feature.RING_RESET);
        try (NetDriver a = backEnd.attach(0, setup);
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            assertThat(Feature.RING_RESET.in(a.features())).isTrue();
            for (int i = 0; i < 3; i++) {
                Traffic.exchange(a, 1, b, 2);
                a.awaitSent();
                FrontEndQueue queue = a.transmitQueue(0);
                queue.stop(a.frontEnd());
                byte[] meanwhile =
                        PacketBuilder.udp4().macs(2, 1).payload(300, i).complete();
                b.send(meanwhile);
                assertThat(a.receive().bytes()).as("by the other queue").isEqualTo(meanwhile);
                int start = packed ? PackedDriver.START : 0;
                queue.ring().reset(start);
                queue.start(a.frontEnd(), start);
            }
            Traffic.exchange(a, 1, b, 2);
        }
    }

    @Test
    void framesThatWaitInTheRingWhenItStartsAreSentWithoutAKick() {
        try (NetDriver b = backEnd.attach(1, NetSetup.full());
                NetDriver a = NetDriver.negotiated(FrontEnd.connect(backEnd.socket(0)), NetSetup.full())) {
            byte[] frame = PacketBuilder.udp4().macs(1, 2).payload(222, 1).complete();
            a.send(0, frame, DriverHeader.PLAIN, ChainShape.TOGETHER);
            a.transmitQueue(0).kick().drain();
            a.start();
            assertThat(b.receive().bytes()).isEqualTo(frame);
        }
    }

    @Test
    void aNewCallDescriptorIsSignalledAtOnceAndUsedFromThenOn() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            Traffic.exchange(a, 1, b, 2);
            FrontEndQueue queue = b.receiveQueue(0);
            queue.call().drain();
            b.frontEnd().setVringCall(queue.index(), queue.call().fd());
            assertThat(queue.call().drain()).as("signalled once").isEqualTo(1);
            Traffic.exchange(a, 1, b, 2);
        }
    }

    @Test
    void resetDeviceStopsEverythingAndTheDeviceCanBeSetUpAgain() {
        try (NetDriver b = backEnd.attach(1, NetSetup.full());
                NetDriver a = backEnd.attach(0, NetSetup.full())) {
            Traffic.exchange(a, 1, b, 2);
            a.frontEnd().resetDevice();
            a.frontEnd().setFeatures(a.frontEnd().features());
            for (FrontEndQueue queue : a.queues()) {
                queue.start(a.frontEnd(), queue.ring().deviceBase());
            }
            a.enable(true);
            Traffic.exchange(a, 1, b, 2);
        }
    }

    @Test
    void aFrontEndWithoutProtocolFeaturesIsServed() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full().protocol());
                NetDriver b = backEnd.attach(1, NetSetup.full().protocol(ProtocolFeature.MQ))) {
            assertThat(Feature.PROTOCOL_FEATURES.in(a.features())).isFalse();
            a.frontEnd().barrier();
            b.frontEnd().barrier();
            Traffic.exchange(a, 1, b, 2);
        }
    }

    @Test
    void aSecondFrontEndIsRejectedAndTheFirstContinues() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            try (FrontEnd second = FrontEnd.connect(backEnd.socket(0))) {
                assertThat(second.awaitClosed()).isTrue();
            }
            backEnd.awaitLine("guest0", "second");
            Traffic.exchange(a, 1, b, 2);
        }
    }

    @Test
    void whateverIsSentAgainReplacesWhatWasThere() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full().withProtocol(ProtocolFeature.BACKEND_REQ));
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            Traffic.exchange(a, 1, b, 2);
            FrontEnd frontEnd = a.frontEnd();
            FrontEndQueue queue = a.receiveQueue(0);
            repeat(frontEnd, queue);
            frontEnd.openBackendChannel().close();
            Held before = Held.now();
            for (int i = 0; i < 200; i++) {
                repeat(frontEnd, queue);
                frontEnd.openBackendChannel().close();
                frontEnd.setMemTable(List.of(a.ram()));
            }
            before.awaitAgain();
            Traffic.exchange(a, 1, b, 2);
        }
    }

    private static void repeat(FrontEnd frontEnd, FrontEndQueue queue) {
        frontEnd.setVringCall(queue.index(), queue.call().fd());
        frontEnd.setVringErr(queue.index(), queue.err().fd());
        frontEnd.setVringKick(queue.index(), queue.kick().fd());
    }

    @Test
    void aBackEndThatConnectsComesBackWhenItWasLeft() throws IOException {
        Path directory = Files.createTempDirectory("vhost4j-test");
        Path path = directory.resolve("listening.sock");
        try (FrontEndSocket.Listener listener = FrontEndSocket.listen(path);
                TestBackEnd connecting = TestBackEnd.connectingTo(path)) {
            for (int i = 0; i < 3; i++) {
                FrontEnd frontEnd = new FrontEnd(listener.accept(FrontEnd.PATIENCE));
                try (NetDriver driver = NetDriver.attach(frontEnd, NetSetup.full())) {
                    Traffic.oneWay(driver, 1, driver, 1);
                }
            }
            assertThat(connecting).isNotNull();
        } finally {
            Files.delete(path);
            Files.delete(directory);
        }
    }

    @Test
    void notificationsAreSuppressedWhileTheyAreNotNeeded() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            Traffic.exchange(a, 1, b, 2);
            FrontEndQueue receive = b.receiveQueue(0);
            receive.ring().disableInterrupts();
            receive.call().drain();
            byte[] frame = PacketBuilder.udp4().macs(1, 2).payload(100, 1).complete();
            for (int i = 0; i < 100; i++) {
                a.send(frame);
            }
            a.awaitSent();
            for (int i = 0; i < 100; i++) {
                assertThat(b.poll(0)).isPresent();
            }
            assertThat(receive.call().drain()).as("unrequested interrupts").isZero();
        }
    }
}
