// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.Ram;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests memory regions that are added, removed and remapped while queues run. */
class MemoryTableTest {
    private static final long EXTRA_BASE = 0x2_0000_0000L;
    private static final long EXTRA_BYTES = 1 << 20;

    @AutoClose
    private final TestBackEnd backEnd = start();

    TestBackEnd start() {
        return TestBackEnd.bridge(2);
    }

    @Test
    void tablesAreReplacedUnderTrafficAndNothingIsLost() {
        Held before = Held.now();
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full());
                Ram extra = Ram.create(EXTRA_BASE, EXTRA_BYTES)) {
            for (int round = 0; round < 20; round++) {
                byte[] frame =
                        PacketBuilder.udp4().macs(1, 2).payload(900, round).complete();
                a.send(frame);
                a.frontEnd().setMemTable(round % 2 == 0 ? List.of(a.ram(), extra) : List.of(a.ram()));
                b.frontEnd().setMemTable(round % 2 == 0 ? List.of(extra, b.ram()) : List.of(b.ram()));
                assertThat(b.receive().bytes()).isEqualTo(frame);
                Traffic.oneWay(b, 2, a, 1);
            }
        }
        before.awaitAgain();
    }

    @Test
    void aBufferInAnAddedRegionIsSentAndARemovedRegionStopsNothing() {
        NetSetup slots = NetSetup.full().withProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS);
        Held before = Held.now();
        try (NetDriver a = backEnd.attach(0, slots);
                NetDriver b = backEnd.attach(1, slots);
                Ram extra = Ram.create(EXTRA_BASE, EXTRA_BYTES, 8192)) {
            assertThat(a.frontEnd().getMaxMemSlots()).isGreaterThanOrEqualTo(8);
            a.frontEnd().addMemReg(extra);
            byte[] frame = PacketBuilder.udp4().macs(1, 2).payload(500, 1).complete();
            sendFrom(a, extra, frame);
            assertThat(b.receive().bytes()).isEqualTo(frame);
            a.awaitSent();
            a.frontEnd().remMemReg(extra);
            Traffic.exchange(a, 1, b, 2);
            sendFrom(a, extra, frame);
            backEnd.awaitLine("queue 1", "0x2000");
        }
        before.awaitAgain();
    }

    @Test
    void aBufferThatCrossesIntoANeighbouringRegionIsWhole() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full());
                Ram low = Ram.create(EXTRA_BASE, EXTRA_BYTES);
                Ram high = Ram.create(EXTRA_BASE + EXTRA_BYTES, EXTRA_BYTES)) {
            a.frontEnd().setMemTable(List.of(high, a.ram(), low));
            byte[] frame = PacketBuilder.udp4().macs(1, 2).payload(500, 1).complete();
            byte[] all = new byte[12 + frame.length];
            System.arraycopy(frame, 0, all, 12, frame.length);
            int inLow = 100;
            low.memory().write(EXTRA_BASE + EXTRA_BYTES - inLow, all, 0, inLow);
            high.memory().write(EXTRA_BASE + EXTRA_BYTES, all, inLow, all.length - inLow);
            FrontEndQueue queue = a.transmitQueue(0);
            queue.ring().begin();
            queue.ring().readable(EXTRA_BASE + EXTRA_BYTES - inLow, all.length).offer();
            queue.publish();
            assertThat(b.receive().bytes()).isEqualTo(frame);
        }
    }

    private static void sendFrom(NetDriver driver, Ram region, byte[] frame) {
        byte[] header = new byte[driver.headerBytes()];
        region.memory().write(region.guestAddress(), header, 0, header.length);
        region.memory().write(region.guestAddress() + header.length, frame, 0, frame.length);
        FrontEndQueue queue = driver.transmitQueue(0);
        RingDriver ring = queue.ring();
        ring.begin();
        ring.readable(region.guestAddress(), header.length + frame.length).offer();
        queue.publish();
    }

    @Test
    void ringsInARegionOfTheirOwnAreFound() {
        try (FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(0));
                NetDriver b = backEnd.attach(1, NetSetup.full());
                NetDriver a = NetDriver.negotiated(frontEnd, NetSetup.full());
                Ram rings = Ram.create(EXTRA_BASE, EXTRA_BYTES, 4096);
                FrontEndQueue queue = new FrontEndQueue(1, rings, new SplitDriver(rings.memory(), 64, true, 16))) {
            frontEnd.setMemTable(List.of(a.ram(), rings));
            queue.start(frontEnd, 0);
            frontEnd.setVringEnable(1, true);
            byte[] frame = PacketBuilder.udp4().macs(1, 2).payload(500, 1).complete();
            long at = a.ram().memory().allocate(600, 64);
            a.ram().memory().write(at + a.headerBytes(), frame, 0, frame.length);
            queue.ring().begin();
            queue.ring().readable(at, a.headerBytes() + frame.length).offer();
            queue.publish();
            assertThat(b.receive().bytes()).isEqualTo(frame);
        }
    }
}
