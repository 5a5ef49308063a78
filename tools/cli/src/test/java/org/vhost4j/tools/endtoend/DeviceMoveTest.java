// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.DeviceState;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.GuestView;
import org.vhost4j.vhostuser.server.PortSecurity;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the migration of a guest from one back-end to another, and the transferred device state. */
@Timeout(300)
class DeviceMoveTest {
    private static final int GUEST = 1;
    private static final int NESTED = 5;
    private static final int NEIGHBOUR = 3;
    private static final NetSetup SETUP = NetSetup.full()
            .withProtocol(
                    ProtocolFeature.RARP,
                    ProtocolFeature.REPLY_ACK,
                    ProtocolFeature.STATUS,
                    ProtocolFeature.DEVICE_STATE);

    /** The guest-visible properties of a back-end as a word, in which each letter is a difference. */
    private record Seen(String fingerprint) implements GuestView {
        @Override
        public List<String> differences(String expected) {
            return IntStream.range(0, expected.length())
                    .filter(i -> expected.charAt(i) != fingerprint.charAt(i))
                    .mapToObj(i -> "letter " + i + " is " + fingerprint.charAt(i))
                    .toList();
        }
    }

    private static TestBackEnd bridge(int guests) {
        return TestBackEnd.of(guests, config -> config);
    }

    private static TestBackEnd promising(String platform, String seen) {
        return TestBackEnd.of(
                2, config -> config.promise("platform " + platform).view(new Seen(seen)));
    }

    private static byte[] frame(int source, int target, int number) {
        return PacketBuilder.udp4().macs(source, target).payload(80, number).complete();
    }

    /** As QEMU does it: every ring is stopped, then the status is cleared, then the state is saved. */
    private static byte[] leave(NetDriver source) {
        source.stop();
        source.frontEnd().setStatus(0);
        return DeviceState.save(source.frontEnd());
    }

    /** As QEMU does it: the state comes before features and memory. */
    private static FrontEnd arriving(Path socket) {
        return arriving(socket, SETUP);
    }

    private static FrontEnd arriving(Path socket, NetSetup setup) {
        FrontEnd frontEnd = FrontEnd.connect(socket);
        assertThat(frontEnd.getFeatures()).isNotZero();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & setup.protocolFeatures());
        return frontEnd;
    }

    private static int stationOf(byte[] rarp) {
        assertThat(HexFormat.of().formatHex(rarp, 12, 22)).isEqualTo("80350001080006040003");
        return rarp[11];
    }

    private static List<Integer> twoStations(HostPort host) {
        return Stream.generate(host::receive)
                .limit(2)
                .map(DeviceMoveTest::stationOf)
                .toList();
    }

    @Test
    void addressesAndStatisticsGoWithAGuestThatAnnouncesNothing() {
        CompletableFuture<HostPort> opened = new CompletableFuture<>();
        UnaryOperator<BackendConfig.Builder> uplink =
                config -> config.switching(new Switching.Bridged(List.of(HostPort.opening(opened))));
        try (TestBackEnd here = bridge(2);
                TestBackEnd there = TestBackEnd.of(2, uplink);
                NetDriver source = here.attach(0, SETUP);
                NetDriver neighbour = there.attach(1, SETUP)) {
            source.send(frame(GUEST, 255, 1));
            source.send(frame(NESTED, 255, 2));
            source.awaitSent();
            byte[] state = leave(source);
            long sent = here.backend().counters(0).get(Counter.TX_FRAMES);
            assertThat(sent).isEqualTo(2);

            FrontEnd frontEnd = arriving(there.socket(0));
            DeviceState.load(frontEnd, state);
            assertThat(there.backend().counters(0).get(Counter.TX_FRAMES)).isEqualTo(sent);
            HostPort host = opened.join();
            NetDriver destination = NetDriver.negotiated(frontEnd, SETUP);
            assertThat(host.waiting()).as("before the queues run").isEmpty();
            destination.start();
            assertThat(twoStations(host)).containsExactlyInAnyOrder(GUEST, NESTED);
            // Nothing of it was sent by the guest here, and both of its stations are known already.
            neighbour.send(frame(NEIGHBOUR, NESTED, 3));
            assertThat(destination.receive().bytes()).isEqualTo(frame(NEIGHBOUR, NESTED, 3));
            neighbour.send(frame(NEIGHBOUR, GUEST, 4));
            assertThat(destination.receive().bytes()).isEqualTo(frame(NEIGHBOUR, GUEST, 4));
            // And again, because the first can be lost.
            assertThat(twoStations(host)).containsExactlyInAnyOrder(GUEST, NESTED);
            destination.close();
        }
    }

    /** The driver continues with its rings where they were: nothing tells it that it has another device. */
    @Test
    void whatTheDriverHasSetByItsControlQueueGoesWithIt() {
        NetSetup setup = SETUP.with(Feature.CTRL_VQ, Feature.CTRL_RX).withProtocol(ProtocolFeature.CONFIG);
        try (TestBackEnd here = bridge(2);
                TestBackEnd there = bridge(2);
                NetDriver driver = here.attach(0, setup);
                NetDriver before = here.attach(1, SETUP);
                NetDriver neighbour = there.attach(1, SETUP)) {
            Traffic.exchange(driver, GUEST, before, NEIGHBOUR);
            byte[] table = new byte[4 + 6 + 4];
            table[0] = 1;
            System.arraycopy(frame(NEIGHBOUR, GUEST, 0), 0, table, 4, 6);
            assertThat(driver.control(Control.MAC, Control.MAC_TABLE_SET, table))
                    .isEqualTo(Control.OK);
            assertThat(driver.control(Control.RX, Control.RX_PROMISC, (byte) 0)).isEqualTo(Control.OK);
            byte[] state = leave(driver);
            try (FrontEnd frontEnd = arriving(there.socket(0), setup)) {
                DeviceState.load(frontEnd, state);
                frontEnd.setFeatures(driver.features());
                frontEnd.setMemTable(driver.guestRam().regions());
                for (FrontEndQueue queue : driver.queues()) {
                    frontEnd.setVringEnable(queue.index(), true);
                    queue.start(frontEnd, queue.ring().deviceBase());
                }
                frontEnd.barrier();
                neighbour.send(frame(NEIGHBOUR, NESTED, 1));
                neighbour.send(frame(NEIGHBOUR, GUEST, 2));
                assertThat(driver.receive().bytes())
                        .as("the table lets nothing else pass")
                        .isEqualTo(frame(NEIGHBOUR, GUEST, 2));
                assertThat(driver.control(Control.RX, Control.RX_PROMISC, (byte) 1))
                        .isEqualTo(Control.OK);
                neighbour.send(frame(NEIGHBOUR, NESTED, 3));
                assertThat(driver.receive().bytes()).isEqualTo(frame(NEIGHBOUR, NESTED, 3));
            }
        }
    }

    @Test
    void sourceAndDestinationMayBePortsOfOneBackEnd() {
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(3, 1, new Switching.Bridged(List.of()));
                NetDriver neighbour = backEnd.attach(2, SETUP)) {
            NetDriver source = backEnd.attach(0, SETUP);
            Traffic.oneWayAfterOthers(neighbour, NEIGHBOUR, source, GUEST);
            Traffic.oneWayAfterOthers(source, GUEST, neighbour, NEIGHBOUR);
            byte[] state = leave(source);
            FrontEnd frontEnd = arriving(backEnd.socket(1));
            DeviceState.load(frontEnd, state);
            NetDriver destination = NetDriver.negotiated(frontEnd, SETUP);
            neighbour.send(frame(NEIGHBOUR, GUEST, 1));
            neighbour.awaitSent();
            assertThat(backEnd.backend().counters(0).get(Counter.RX_NOT_READY))
                    .as("it still belongs to the source, which has stopped")
                    .isEqualTo(1);
            destination.start();
            assertThat(stationOf(neighbour.receive().bytes())).isEqualTo(GUEST);
            neighbour.send(frame(NEIGHBOUR, GUEST, 2));
            assertThat(destination.receive().bytes()).isEqualTo(frame(NEIGHBOUR, GUEST, 2));
            source.close();
            backEnd.awaitLine("guest0 detached");
            neighbour.send(frame(NEIGHBOUR, GUEST, 3));
            assertThat(destination.receive().bytes())
                    .as("the source's end takes nothing along")
                    .isEqualTo(frame(NEIGHBOUR, GUEST, 3));
            destination.close();
        }
    }

    /** Both ends of the move have the guest's address by their options; a port that is no end of it never gets it. */
    @Test
    void withItsAddressAGuestMovesWithinOneBackEnd() {
        long mac = 0x5254_0012_3400L + GUEST;
        try (TestBackEnd backEnd = TestBackEnd.secured(PortSecurity.DEFAULT, mac, mac, PortRules.NO_MAC);
                NetDriver neighbour = backEnd.attach(2, SETUP);
                NetDriver source = backEnd.attach(0, SETUP)) {
            Traffic.exchange(neighbour, NEIGHBOUR, source, GUEST);
            byte[] state = leave(source);
            FrontEnd frontEnd = arriving(backEnd.socket(1));
            DeviceState.load(frontEnd, state);
            neighbour.send(frame(GUEST, 255, 1));
            neighbour.awaitSent();
            assertThat(backEnd.backend().counters(2).get(Counter.TX_BAD_SOURCE)).isEqualTo(1);
            try (NetDriver destination = NetDriver.negotiated(frontEnd, SETUP)) {
                destination.start();
                assertThat(stationOf(neighbour.receive().bytes())).isEqualTo(GUEST);
                Traffic.oneWayAfterOthers(neighbour, NEIGHBOUR, destination, GUEST);
                Traffic.oneWayAfterOthers(destination, GUEST, neighbour, NEIGHBOUR);
                // The source begins to run although the guest has gone.
                source.resume();
                source.frontEnd().barrier();
                backEnd.assertSaidOnce("guest0", "its address 52:54:00:12:34:01 is that of guest1, which runs");
                source.send(frame(GUEST, 255, 2));
                source.awaitSent();
                assertThat(backEnd.backend().counters(0).get(Counter.TX_BAD_SOURCE))
                        .isEqualTo(1);
                Traffic.oneWayAfterOthers(neighbour, NEIGHBOUR, destination, GUEST);
                Traffic.oneWayAfterOthers(destination, GUEST, neighbour, NEIGHBOUR);
            }
            // The destination is gone, and the guest is back.
            backEnd.awaitLine("guest1 detached");
            Traffic.oneWayAfterOthers(source, GUEST, neighbour, NEIGHBOUR);
            Traffic.oneWayAfterOthers(neighbour, NEIGHBOUR, source, GUEST);
        }
    }

    @Test
    void anotherPromiseIsRefusedInOneLineThatNamesEachDifference() {
        try (TestBackEnd here = promising("new", "abc");
                TestBackEnd there = promising("old", "axz");
                NetDriver source = here.attach(0, SETUP);
                NetDriver neighbour = here.attach(1, SETUP)) {
            Traffic.exchange(source, GUEST, neighbour, NEIGHBOUR);
            byte[] state = leave(source);
            try (FrontEnd frontEnd = arriving(there.socket(0))) {
                assertThatThrownBy(() -> DeviceState.load(frontEnd, state))
                        .isInstanceOf(FrontEndException.Refused.class)
                        .hasMessage("CHECK_DEVICE_STATE was answered with 1");
                there.assertSaidOnce(
                        "guest0",
                        "CHECK_DEVICE_STATE: refused: the guest was promised something else where it comes from "
                                + "(platform new) than here (platform old): letter 1 is x; letter 2 is z");
                assertThat(there.backend().counters(0).get(Counter.TX_FRAMES)).isZero();
            }
            // The source continues by itself.
            source.resume();
            source.frontEnd().setStatus(15);
            Traffic.exchange(source, GUEST, neighbour, NEIGHBOUR);
        }
    }

    @Test
    void anotherNameForTheSameIsSaidAndIsNoHindrance() {
        try (TestBackEnd here = promising("new", "abc");
                TestBackEnd there = promising("old", "abc");
                NetDriver source = here.attach(0, SETUP);
                FrontEnd frontEnd = arriving(there.socket(0))) {
            DeviceState.load(frontEnd, leave(source));
            there.awaitLine(
                    "the guest comes from platform new to platform old: it sees the same device, so it is accepted");
        }
    }

    @Test
    void aStateThatIsNotWholeIsRefusedAndTheGuestStartsClean() {
        try (TestBackEnd here = bridge(1);
                TestBackEnd there = bridge(2);
                NetDriver source = here.attach(0, SETUP);
                NetDriver neighbour = there.attach(1, SETUP)) {
            source.send(frame(GUEST, 255, 1));
            source.awaitSent();
            byte[] state = leave(source);
            FrontEnd frontEnd = arriving(there.socket(0));
            byte[] newer = state.clone();
            newer[8] = 9;
            byte[] damaged = state.clone();
            damaged[30] ^= 4;
            for (byte[] bad : List.of(new byte[0], Arrays.copyOf(state, state.length - 9), newer, damaged)) {
                assertThatThrownBy(() -> DeviceState.load(frontEnd, bad)).isInstanceOf(FrontEndException.Refused.class);
            }
            there.assertSaidOnce("CHECK_DEVICE_STATE: refused: the device's state ends after 0 bytes");
            there.assertSaidOnce("CHECK_DEVICE_STATE: refused: the device's state has", "and says that it has");
            there.assertSaidOnce("CHECK_DEVICE_STATE: refused: the device's state has version 9");
            there.assertSaidOnce("CHECK_DEVICE_STATE: refused: the device's state is damaged");
            assertThat(frontEnd.askU64(Request.CHECK_DEVICE_STATE))
                    .as("without a transfer")
                    .isEqualTo(1);
            NetDriver destination = NetDriver.negotiated(frontEnd, SETUP);
            destination.start();
            assertThat(neighbour.poll(0)).as("nothing is announced").isEmpty();
            assertThat(there.backend().counters(0).get(Counter.TX_FRAMES)).isZero();
            Traffic.oneWayAfterOthers(destination, GUEST, neighbour, NEIGHBOUR);
            destination.close();
        }
    }

    /** Neither holds up a lane: the neighbours are on the same one. */
    @Test
    void aPipeThatIsNotReadOrNotClosedDelaysNoOtherAndIsGivenUp() {
        try (TestBackEnd backEnd = bridge(3);
                NetDriver a = backEnd.attach(1, SETUP);
                NetDriver b = backEnd.attach(2, SETUP);
                FrontEnd frontEnd = arriving(backEnd.socket(0))) {
            Traffic.exchange(a, GUEST, b, NEIGHBOUR);
            try (DeviceState.Transfer open = DeviceState.beginLoad(frontEnd)) {
                open.write(new byte[100]);
                Traffic.exchange(a, GUEST, b, NEIGHBOUR);
                assertThat(open.check()).isEqualTo(1);
                backEnd.assertSaidOnce("it has not closed it after 100 bytes");
                assertClosed(open);
            }
            try (DeviceState.Transfer endless = DeviceState.beginLoad(frontEnd)) {
                assertThatThrownBy(() -> {
                            for (int i = 0; i < 100; i++) {
                                endless.write(new byte[1 << 16]);
                            }
                        })
                        .hasMessageContaining("cannot write the device's state");
                assertThat(endless.check()).isEqualTo(1);
                backEnd.assertSaidOnce("longer than the maximum of 65536 bytes");
            }
            try (DeviceState.Transfer first = DeviceState.beginLoad(frontEnd);
                    DeviceState.Transfer second = DeviceState.beginSave(frontEnd)) {
                assertThat(second.readAll()).as("a retry ends what was before").isNotEmpty();
                assertClosed(first);
                assertThat(second.check()).isZero();
            }
            Traffic.exchange(a, GUEST, b, NEIGHBOUR);
        }
    }

    private static void assertClosed(DeviceState.Transfer transfer) {
        // Waits for that: a pipe with a reader takes no more than its capacity.
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 100; i++) {
                        transfer.write(new byte[1 << 16]);
                    }
                })
                .hasMessageContaining("cannot write the device's state");
    }

    @Test
    void aTransferEndsWithItsConnection() {
        try (TestBackEnd backEnd = bridge(1)) {
            FrontEnd frontEnd = arriving(backEnd.socket(0));
            DeviceState.Transfer load = DeviceState.beginLoad(frontEnd);
            frontEnd.close();
            backEnd.awaitLine("guest0 detached");
            assertClosed(load);
            load.close();
        }
    }

    @Test
    void theStateCanBeLeftOut() {
        try (TestBackEnd backEnd = bridge(1);
                TestBackEnd without = TestBackEnd.withoutDeviceState()) {
            try (FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(0))) {
                frontEnd.getFeatures();
                assertThat(ProtocolFeature.DEVICE_STATE.in(frontEnd.getProtocolFeatures()))
                        .isTrue();
            }
            try (FrontEnd frontEnd = FrontEnd.connect(without.socket(0))) {
                frontEnd.getFeatures();
                assertThat(ProtocolFeature.DEVICE_STATE.in(frontEnd.getProtocolFeatures()))
                        .isFalse();
                assertThat(ProtocolFeature.PAGEFAULT.in(frontEnd.getProtocolFeatures()))
                        .as("postcopy")
                        .isFalse();
            }
        }
    }
}
