// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.InflightArea;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests the real back-end with a front-end that preserves the in-flight area across a crash. */
@Timeout(300)
class InflightRestartTest {
    private static final int QUEUES = 2;
    private static final int SIZE = 64;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;

    private static NetSetup setup(boolean packed) {
        NetSetup setup = NetSetup.full()
                .withoutOffloads()
                .queues(1, SIZE)
                .withProtocol(ProtocolFeature.INFLIGHT_SHMFD)
                .receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 16);
        return packed ? setup.packed() : setup;
    }

    /** The front-end has asked for an area, and gives it back as they all do. */
    private static void start(NetDriver driver, InflightArea area) {
        area.set(driver.frontEnd());
        driver.start();
    }

    private static NetDriver negotiated(TestBackEnd backEnd, boolean packed) {
        return NetDriver.negotiated(FrontEnd.connect(backEnd.socket(0)), setup(packed));
    }

    private static List<Integer> inFlight(InflightArea area, int queue, boolean packed) {
        return packed ? area.packed(queue).inflight() : area.split(queue).inflight();
    }

    /** The same guest, whose memory and rings are as they were, at a back-end that was started again. */
    private static FrontEnd again(TestBackEnd backEnd, NetDriver driver, InflightArea area) {
        FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(0));
        frontEnd.getFeatures();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & ProtocolFeature.INFLIGHT_SHMFD.mask());
        frontEnd.setOwner();
        frontEnd.setFeatures(driver.features());
        frontEnd.setMemTable(driver.guestRam().regions());
        area.set(frontEnd);
        for (FrontEndQueue queue : driver.queues()) {
            frontEnd.setVringEnable(queue.index(), true);
            // What Cloud Hypervisor says of a split ring; a packed one's is the one at the beginning, as QEMU's.
            queue.start(frontEnd, queue.ring() instanceof PackedDriver ? PackedDriver.START : avail(queue));
        }
        return frontEnd;
    }

    private static int avail(FrontEndQueue queue) {
        return queue.ring().memory().get16(queue.ring().availAddress() + 2);
    }

    private static byte[] frame(int number) {
        return PacketBuilder.udp4().macs(1, 1).payload(300, number).complete();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsInFlightWhenEverythingIsUsed(boolean packed) {
        try (TestBackEnd backEnd = TestBackEnd.echo();
                NetDriver driver = negotiated(backEnd, packed);
                InflightArea area = InflightArea.get(driver.frontEnd(), QUEUES, SIZE)) {
            start(driver, area);
            for (int i = 0; i < 3 * SIZE; i++) {
                driver.send(frame(i));
                assertThat(driver.receive().bytes()).hasSameSizeAs(frame(i));
            }
            driver.awaitSent();
            Await.until(
                    "nothing is in flight",
                    () -> inFlight(area, TRANSMIT, packed).isEmpty()
                            && inFlight(area, RECEIVE, packed).isEmpty());
            driver.stop();
            assertThat(
                            packed
                                    ? area.packed(TRANSMIT).version()
                                    : area.split(TRANSMIT).version())
                    .as("forgotten, because the front-end knows where the ring is")
                    .isZero();
            driver.resume();
            driver.send(frame(1));
            driver.receive();
        }
    }

    /** The area and the rings are as a SIGKILL leaves them while a frame waits for its receiver. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFrameThatWasInFlightIsReturnedAndNotSentAgain(boolean packed) {
        try (TestBackEnd backEnd = TestBackEnd.patientBridge(2);
                NetDriver receiver =
                        backEnd.attach(1, NetSetup.full().withoutOffloads().receive(ChainShape.TOGETHER, 1518, 0));
                NetDriver driver = negotiated(backEnd, packed);
                InflightArea area = InflightArea.get(driver.frontEnd(), QUEUES, SIZE)) {
            start(driver, area);
            driver.send(PacketBuilder.udp4().macs(1, 2).payload(300, 1).complete());
            Await.until(
                    "the frame waits for its receiver",
                    () -> !inFlight(area, TRANSMIT, packed).isEmpty());
            // Answered between two turns of the lane: nothing is being written then.
            driver.frontEnd().getFeatures();
            byte[] left = area.contents();
            driver.frontEnd().close();
            backEnd.awaitLine("guest0 detached");
            assertThat(inFlight(area, TRANSMIT, packed))
                    .as("it is back in the ring")
                    .isEmpty();
            area.contents(left);
            try (FrontEnd next = again(backEnd, driver, area)) {
                driver.awaitSent();
                assertThat(receiver.poll(0)).isEmpty();
                assertThat(next.getFeatures()).isNotZero();
                Await.until(
                        "it is not in flight",
                        () -> inFlight(area, TRANSMIT, packed).isEmpty());
                driver.send(PacketBuilder.udp4().macs(1, 255).payload(300, 2).complete());
                Await.until(
                        "the next one waits",
                        () -> !inFlight(area, TRANSMIT, packed).isEmpty());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    false | 10 | 63    | has entries for 63 descriptors, not 64 as announced
                    false | 8  | 9     | has version 9, not 1
                    true  | 16 | 64    | has used_idx 64 in a ring of 64
                    true  | 14 | 65535 | has entry 0 neither in its list of free entries nor in a chain
                    """)
    void anAreaThatContradictsItselfStopsItsDeviceOnly(boolean packed, int at, int value, String reason) {
        try (TestBackEnd backEnd = TestBackEnd.patientBridge(3);
                NetDriver neighbour = backEnd.attach(1, NetSetup.full().withoutOffloads());
                NetDriver other = backEnd.attach(2, NetSetup.full().withoutOffloads());
                NetDriver driver = negotiated(backEnd, packed);
                InflightArea area = InflightArea.get(driver.frontEnd(), QUEUES, SIZE)) {
            start(driver, area);
            driver.send(frame(1));
            driver.awaitSent();
            driver.frontEnd().close();
            backEnd.awaitLine("guest0 detached");
            byte[] bytes = area.contents();
            int region = bytes.length / QUEUES * TRANSMIT;
            ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putShort(region + at, (short) value);
            area.contents(bytes);
            try (FrontEnd next = again(backEnd, driver, area)) {
                backEnd.assertSaidOnce("guest0 stopped: guest0 queue 1: the in-flight area " + reason);
                neighbour.send(PacketBuilder.udp4().macs(1, 255).payload(100, 3).complete());
                other.receive();
                // A reset, or a stop, of its rings begins again.
                driver.queues().forEach(queue -> queue.stop(next));
                driver.queues().forEach(queue -> queue.start(next, queue.ring().deviceBase()));
                driver.send(PacketBuilder.udp4().macs(1, 255).payload(100, 4).complete());
                driver.awaitSent();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theAreaGoesWithItsGuestToAnotherBackEnd(boolean packed) throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.of(2, config -> config);
                NetDriver neighbour = backEnd.attach(1, NetSetup.full().withoutOffloads());
                NetDriver driver = negotiated(backEnd, packed);
                InflightArea area = InflightArea.get(driver.frontEnd(), QUEUES, SIZE)) {
            start(driver, area);
            for (int i = 0; i < 3; i++) {
                driver.send(PacketBuilder.udp4().macs(1, 255).payload(300, i).complete());
                neighbour.receive();
                neighbour.send(PacketBuilder.udp4().macs(2, 255).payload(300, i).complete());
                driver.receive();
                backEnd.replace(backEnd.config());
            }
            driver.awaitSent();
            byte[] before = area.contents();
            driver.send(PacketBuilder.udp4().macs(1, 255).payload(300, 9).complete());
            neighbour.receive();
            driver.awaitSent();
            assertThat(area.contents()).as("the last one writes it").isNotEqualTo(before);
            assertThat(inFlight(area, RECEIVE, packed)).isEmpty();
        }
    }

    @Test
    void anAreaIsOfferedToEveryFrontEnd() {
        try (TestBackEnd backEnd = TestBackEnd.echo();
                FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(0))) {
            frontEnd.getFeatures();
            assertThat(ProtocolFeature.INFLIGHT_SHMFD.in(frontEnd.getProtocolFeatures()))
                    .isTrue();
        }
    }
}
