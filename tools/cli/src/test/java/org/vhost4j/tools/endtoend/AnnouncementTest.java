// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.PortSecurity;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Tests the announcement of a migrated guest by SEND_RARP, in QEMU's order, with source and destination on one bridge
 * and on two.
 */
@Timeout(300)
class AnnouncementTest {
    private static final int GUEST = 1;
    private static final NetSetup SETUP = NetSetup.full().withProtocol(ProtocolFeature.RARP, ProtocolFeature.REPLY_ACK);

    private static byte[] mac(int number) {
        return new byte[] {0x52, 0x54, 0, 0x12, 0x34, (byte) number};
    }

    private static byte[] frame(int source, int target, int number) {
        return PacketBuilder.udp4().macs(source, target).payload(80, number).complete();
    }

    /** Lets two guests know each other, and takes what was flooded before. */
    private static void meet(NetDriver a, int macOfA, NetDriver b, int macOfB) {
        Traffic.oneWayAfterOthers(b, macOfB, a, macOfA);
        Traffic.oneWayAfterOthers(a, macOfA, b, macOfB);
    }

    private static void assertRarp(byte[] bytes, int number) {
        String mac = HexFormat.of().formatHex(mac(number));
        assertThat(HexFormat.of().formatHex(bytes))
                .isEqualTo("ffffffffffff" + mac + "8035" + "0001080006040003" + mac + "00000000" + mac + "00000000"
                        + "00".repeat(18));
    }

    /** The destination's front-end, as in QEMU: the first SEND_RARP comes before features and memory. */
    private static NetDriver announcedEarly(TestBackEnd backEnd, int guest, NetSetup setup, byte[]... macs) {
        FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(guest));
        long offered = frontEnd.getFeatures();
        assertThat(offered).isNotZero();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & setup.protocolFeatures());
        for (byte[] mac : macs) {
            frontEnd.sendRarp(mac);
        }
        frontEnd.barrier();
        return NetDriver.negotiated(frontEnd, setup);
    }

    /** Source and destination on different lanes, and a neighbour on each lane. */
    @Test
    void aStationMovesWhenTheDestinationsQueuesRunAndOnAllLanesAtOnce() {
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(4, 1, new Switching.Bridged(List.of()));
                NetDriver source = backEnd.attach(0, SETUP);
                NetDriver here = backEnd.attach(2, SETUP);
                NetDriver there = backEnd.attach(3, SETUP)) {
            meet(source, GUEST, here, 3);
            meet(source, GUEST, there, 4);
            try (NetDriver destination = announcedEarly(backEnd, 1, SETUP, mac(GUEST))) {
                Traffic.exchange(source, GUEST, here, 3);
                Traffic.exchange(source, GUEST, there, 4);
                source.stop();
                here.send(frame(3, GUEST, 1));
                here.awaitSent();
                there.send(frame(4, GUEST, 2));
                there.awaitSent();
                Await.until(
                        "both frames are dropped at the stopped port",
                        () -> backEnd.backend().counters(0).get(Counter.RX_NOT_READY) >= 2);
                destination.start();
                assertRarp(here.receive().bytes(), GUEST);
                assertRarp(there.receive().bytes(), GUEST);
                Traffic.exchange(here, 3, destination, GUEST);
                Traffic.exchange(there, 4, destination, GUEST);
                for (int i = 0; i < 4; i++) {
                    destination.frontEnd().sendRarp(mac(GUEST));
                    assertRarp(here.receive().bytes(), GUEST);
                    assertRarp(there.receive().bytes(), GUEST);
                }
                assertThat(source.poll(0)).isEmpty();
            }
        }
    }

    /** With a minute for a guest without buffers, a frame that waited would never be done in this test's time. */
    @Test
    void framesForAStoppedPortWaitForNothing() {
        try (TestBackEnd backEnd = TestBackEnd.patientBridge(3);
                NetDriver gone = backEnd.attach(0, SETUP);
                NetDriver sender = backEnd.attach(1, SETUP);
                NetDriver other = backEnd.attach(2, SETUP)) {
            meet(gone, GUEST, sender, 2);
            meet(other, 3, sender, 2);
            gone.stop();
            for (int i = 0; i < 1000; i++) {
                sender.send(frame(2, GUEST, i));
            }
            sender.awaitSent();
            assertThat(backEnd.backend().counters(0).get(Counter.RX_NOT_READY)).isEqualTo(1000);
            assertThat(backEnd.backend().counters(0).get(Counter.RX_NO_BUFFER)).isZero();
            Traffic.exchange(other, 3, sender, 2);
        }
    }

    /** One frame waits for buffers already when the port stops. */
    @Test
    void aFrameThatWaitsForBuffersIsDroppedWhenItsPortStops() {
        NetSetup few = SETUP.queues(1, 16).receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 4);
        try (TestBackEnd backEnd = TestBackEnd.patientBridge(2);
                NetDriver full = backEnd.attach(0, few);
                NetDriver sender = backEnd.attach(1, SETUP)) {
            full.repost(0, false);
            for (int i = 0; i < 20; i++) {
                sender.send(frame(2, GUEST, i));
            }
            Await.until(
                    "the first frames fill the guest's buffers",
                    () -> backEnd.backend().counters(0).get(Counter.RX_FRAMES) == 4);
            full.stop();
            sender.awaitSent();
            assertThat(backEnd.backend().counters(0).get(Counter.RX_FRAMES)).isEqualTo(4);
        }
    }

    @Test
    void tenThousandAnnouncementsAreHarmless() {
        try (TestBackEnd backEnd = TestBackEnd.patientBridge(3);
                NetDriver a = backEnd.attach(1, SETUP);
                NetDriver b = backEnd.attach(2, SETUP)) {
            meet(a, 2, b, 3);
            List<byte[]> many = new ArrayList<>();
            for (int i = 0; i < 256; i++) {
                many.add(new byte[] {2, 0, 0, 1, 0, (byte) i});
            }
            try (NetDriver loud = announcedEarly(backEnd, 0, SETUP, many.toArray(byte[][]::new))) {
                assertThatThrownBy(() -> loud.frontEnd().sendRarp(mac(77))).isInstanceOf(FrontEndException.class);
                backEnd.awaitLine("SEND_RARP: refused: more than 256 addresses");
                loud.start();
                for (int i = 0; i < 10_000; i++) {
                    loud.frontEnd().sendRarp(new byte[] {2, 0, 0, 1, (byte) (i >> 8), (byte) i});
                }
                Traffic.oneWayAfterOthers(a, 2, b, 3);
                Traffic.oneWayAfterOthers(b, 3, a, 2);
                loud.frontEnd().sendRarp(mac(GUEST));
                Traffic.oneWayAfterOthers(a, 2, loud, GUEST);
            }
        }
    }

    @Test
    void whatIsNoStationsAddressIsRefused() {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2);
                NetDriver a = backEnd.attach(0, SETUP);
                NetDriver b = backEnd.attach(1, SETUP)) {
            for (byte[] wrong : List.of(new byte[6], new byte[] {1, 0, 0x5e, 0, 0, 1})) {
                assertThatThrownBy(() -> a.frontEnd().sendRarp(wrong)).isInstanceOf(FrontEndException.class);
            }
            backEnd.assertSaidOnce("SEND_RARP: refused: 00:00:00:00:00:00 is not a unicast MAC address");
            backEnd.assertSaidOnce("SEND_RARP: refused: 01:00:5e:00:00:01 is not a unicast MAC address");
            Traffic.exchange(a, 1, b, 2);
        }
    }

    @Test
    void aGuestWithAGivenAddressIsAnnouncedByThatOneOnly() {
        long own = 0x5254_0012_3401L;
        try (TestBackEnd backEnd = TestBackEnd.secured(PortSecurity.DEFAULT, own, own + 1, PortRules.NO_MAC);
                NetDriver a = backEnd.attach(0, SETUP);
                NetDriver b = backEnd.attach(1, SETUP);
                NetDriver free = backEnd.attach(2, SETUP)) {
            assertThatThrownBy(() -> a.frontEnd().sendRarp(mac(2))).isInstanceOf(FrontEndException.class);
            assertThatThrownBy(() -> free.frontEnd().sendRarp(mac(2))).isInstanceOf(FrontEndException.class);
            backEnd.assertSaidOnce("guest0", "SEND_RARP: refused: the guest's port may not have the address");
            a.frontEnd().sendRarp(mac(1));
            assertRarp(b.receive().bytes(), 1);
            assertRarp(free.receive().bytes(), 1);
            Traffic.exchange(free, 9, b, 2);
            Traffic.exchange(free, 9, a, 1);
        }
    }

    /** The way out of one host and back: while the guest is elsewhere its neighbours here reach it through the uplink. */
    @Test
    void aGuestWithAGivenAddressIsFoundBehindTheUplinkWhileItDoesNotRunHere() {
        CompletableFuture<HostPort> opened = new CompletableFuture<>();
        try (TestBackEnd backEnd =
                        TestBackEnd.securedWith(HostPort.opening(opened), 0x5254_0012_3401L, PortRules.NO_MAC);
                NetDriver neighbour = backEnd.attach(1, SETUP)) {
            HostPort host = opened.join();
            // Before it comes.
            host.send(frame(1, 255, 1));
            assertThat(neighbour.receive().bytes()).isEqualTo(frame(1, 255, 1));
            neighbour.send(frame(2, 1, 2));
            assertThat(host.receive()).isEqualTo(frame(2, 1, 2));
            NetDriver guest = announcedEarly(backEnd, 0, SETUP, mac(1));
            neighbour.send(frame(2, 1, 3));
            assertThat(host.receive()).as("its memory is still being copied").isEqualTo(frame(2, 1, 3));
            guest.start();
            assertRarp(host.receive(), 1);
            assertRarp(neighbour.receive().bytes(), 1);
            Traffic.exchange(neighbour, 2, guest, 1);
            host.send(frame(1, 255, 4));
            assertThat(neighbour.poll(0)).as("spoofed on the network").isEmpty();
            Traffic.exchange(neighbour, 2, guest, 1);
            // And goes.
            guest.stop();
            host.send(frame(1, 255, 5));
            assertThat(neighbour.receive().bytes()).isEqualTo(frame(1, 255, 5));
            neighbour.send(frame(2, 1, 6));
            assertThat(host.receive()).isEqualTo(frame(2, 1, 6));
            guest.resume();
            Traffic.exchange(neighbour, 2, guest, 1);
            guest.close();
        }
    }
}
