// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Packet;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests each control command, accepted and refused, and the effect of accepted ones on the traffic. */
class ControlQueueTest {
    private static final byte ON = 1;
    private static final byte OFF = 0;

    private static final NetSetup ALL = NetSetup.full()
            .with(
                    Feature.MAC,
                    Feature.CTRL_VQ,
                    Feature.CTRL_RX,
                    Feature.CTRL_RX_EXTRA,
                    Feature.CTRL_VLAN,
                    Feature.CTRL_MAC_ADDR,
                    Feature.CTRL_GUEST_OFFLOADS)
            .withProtocol(ProtocolFeature.CONFIG);

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(2);

    private static byte[] command(int... bytes) {
        byte[] data = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            data[i] = (byte) bytes[i];
        }
        return data;
    }

    @Test
    void withoutTheirFeaturesAllCommandsAreRefused() {
        NetSetup bare = NetSetup.full().with(Feature.CTRL_VQ).withProtocol(ProtocolFeature.CONFIG);
        try (NetDriver driver = backEnd.attach(0, bare)) {
            assertThat(driver.control(Control.RX, Control.RX_PROMISC, ON)).isEqualTo(Control.ERR);
            assertThat(driver.control(Control.RX, Control.RX_ALLUNI, ON)).isEqualTo(Control.ERR);
            assertThat(driver.control(Control.MAC, Control.MAC_TABLE_SET, new byte[8]))
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.MAC, Control.MAC_ADDR_SET, new byte[6]))
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.VLAN, Control.VLAN_ADD, new byte[2]))
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.ANNOUNCE, Control.ANNOUNCE_ACK)).isEqualTo(Control.ERR);
            assertThat(driver.control(Control.MQ, Control.MQ_VQ_PAIRS_SET, command(1, 0)))
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.GUEST_OFFLOADS, Control.GUEST_OFFLOADS_SET, new byte[8]))
                    .isEqualTo(Control.ERR);
        }
    }

    @Test
    void commandsThatAreNoneAreRefusedAndTheNextIsAnswered() {
        try (NetDriver driver = backEnd.attach(0, ALL)) {
            assertThat(driver.control(99, 0)).isEqualTo(Control.ERR);
            assertThat(driver.control(Control.RX, 6, ON)).isEqualTo(Control.ERR);
            assertThat(driver.control(Control.RX, Control.RX_PROMISC))
                    .as("no data")
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.VLAN, 2, command(1, 0))).isEqualTo(Control.ERR);
            assertThat(driver.control(Control.VLAN, Control.VLAN_ADD, command(0, 0x10)))
                    .as("VLAN 4096")
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.MAC, Control.MAC_ADDR_SET, new byte[5]))
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.MAC, Control.MAC_TABLE_SET, command(0xff, 0xff, 0xff, 0xff)))
                    .as("four thousand million addresses")
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.GUEST_OFFLOADS, Control.GUEST_OFFLOADS_SET, command(1)))
                    .isEqualTo(Control.ERR);
            assertThat(driver.control(Control.RX, Control.RX_PROMISC, ON)).isEqualTo(Control.OK);
            assertThat(driver.controlIndirect(Control.RX, Control.RX_PROMISC, ON))
                    .isEqualTo(Control.OK);
        }
    }

    @Test
    void receiveModesAndTheMacTableDecideWhatIsReceived() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, ALL)) {
            assertThat(b.control(Control.MAC, Control.MAC_ADDR_SET, PacketBuilder.mac(2)))
                    .isEqualTo(Control.OK);
            assertThat(b.control(Control.VLAN, Control.VLAN_ADD, command(7, 0))).isEqualTo(Control.OK);
            assertThat(b.control(Control.RX, Control.RX_PROMISC, OFF)).isEqualTo(Control.OK);
            dropped(a, b, 3);
            assertThat(b.control(Control.RX, Control.RX_ALLUNI, ON)).isEqualTo(Control.OK);
            passes(a, b, 3);
            assertThat(b.control(Control.RX, Control.RX_ALLUNI, OFF)).isEqualTo(Control.OK);
            dropped(a, b, 3);

            ByteBuffer table = ByteBuffer.allocate(4 + 6 + 4).order(ByteOrder.LITTLE_ENDIAN);
            table.putInt(1).put(PacketBuilder.mac(3)).putInt(0);
            assertThat(b.control(Control.MAC, Control.MAC_TABLE_SET, table.array()))
                    .isEqualTo(Control.OK);
            passes(a, b, 3);
            dropped(a, b, 4);
            passes(a, b, 255);
            assertThat(b.control(Control.RX, Control.RX_NOBCAST, ON)).isEqualTo(Control.OK);
            dropped(a, b, 255);
            assertThat(b.control(Control.RX, Control.RX_NOBCAST, OFF)).isEqualTo(Control.OK);
            assertThat(b.control(Control.RX, Control.RX_PROMISC, ON)).isEqualTo(Control.OK);
            passes(a, b, 4);
        }
    }

    private static void passes(NetDriver a, NetDriver b, int target) {
        byte[] frame = PacketBuilder.udp4().macs(1, target).payload(64, target).complete();
        a.send(frame);
        assertThat(b.receive().bytes()).isEqualTo(frame);
    }

    /** The frame is not seen: the next one that passes comes first. */
    private static void dropped(NetDriver a, NetDriver b, int target) {
        a.send(PacketBuilder.udp4().macs(1, target).payload(65, target).complete());
        passes(a, b, 2);
    }

    @Test
    void theVlanFilterDropsWhatWasNotAdded() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, ALL)) {
            assertThat(b.control(Control.MAC, Control.MAC_ADDR_SET, PacketBuilder.mac(2)))
                    .isEqualTo(Control.OK);
            assertThat(b.control(Control.RX, Control.RX_PROMISC, OFF)).isEqualTo(Control.OK);
            assertThat(b.control(Control.VLAN, Control.VLAN_ADD, command(0xff, 0x0f)))
                    .isEqualTo(Control.OK);
            byte[] tagged =
                    PacketBuilder.udp4().macs(1, 2).vlan(4095).payload(64, 1).complete();
            a.send(PacketBuilder.udp4().macs(1, 2).vlan(5).payload(64, 2).complete());
            a.send(tagged);
            assertThat(b.receive().bytes()).isEqualTo(tagged);
            assertThat(b.control(Control.VLAN, Control.VLAN_DEL, command(0xff, 0x0f)))
                    .isEqualTo(Control.OK);
            a.send(tagged);
            passes(a, b, 2);
        }
    }

    @Test
    void theMacAddressIsInTheConfigSpace() {
        try (NetDriver driver = backEnd.attach(0, ALL)) {
            assertThat(driver.control(Control.MAC, Control.MAC_ADDR_SET, PacketBuilder.mac(77)))
                    .isEqualTo(Control.OK);
            assertThat(driver.frontEnd().getConfig(0, 6)).isEqualTo(PacketBuilder.mac(77));
        }
    }

    @Test
    void receiveOffloadsThatAreSwitchedOffAreDoneInSoftware() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, ALL)) {
            PacketBuilder builder = PacketBuilder.udp4().macs(1, 2).payload(2500, 1);
            assertThat(setOffloads(b, 0)).isEqualTo(Control.OK);
            a.send(builder.partial(), builder.superHeader(1000));
            for (int i = 0; i < 3; i++) {
                ReceivedFrame segment = b.receive();
                assertThat(segment.header()).isEqualTo(DriverHeader.PLAIN.withNumBuffers(1));
                assertThat(Packet.parse(segment.bytes()).problems()).isEmpty();
            }
            assertThat(setOffloads(b, Feature.GUEST_CSUM.mask() | Feature.GUEST_USO4.mask()))
                    .isEqualTo(Control.OK);
            a.send(builder.partial(), builder.superHeader(1000));
            assertThat(b.receive().bytes()).isEqualTo(builder.partial());
            assertThat(setOffloads(b, Feature.GUEST_UFO.mask()))
                    .as("not negotiated")
                    .isEqualTo(Control.ERR);
            assertThat(setOffloads(b, Feature.CSUM.mask()))
                    .as("no receive offload")
                    .isEqualTo(Control.ERR);
        }
    }

    private static int setOffloads(NetDriver driver, long mask) {
        byte[] data = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(mask)
                .array();
        return driver.control(Control.GUEST_OFFLOADS, Control.GUEST_OFFLOADS_SET, data);
    }
}
