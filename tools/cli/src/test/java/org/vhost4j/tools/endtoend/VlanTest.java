// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.Switching;

/** Tests guests on access ports and trunks: the receivers of each frame, and its tags at each. */
class VlanTest {
    private static final PortVlan TEN = PortVlan.access(10);
    private static final PortVlan TWENTY = PortVlan.access(20);
    private static final PortVlan BOTH = PortVlan.trunk(Set.of(10, 20));

    private static PacketBuilder packet(int from, int to, int payload) {
        return PacketBuilder.tcp4().macs(from, to).payload(payload, 3);
    }

    private static byte[] forAll(byte[] frame) {
        byte[] group = frame.clone();
        Arrays.fill(group, 0, 6, (byte) 0xff);
        return group;
    }

    @ParameterizedTest
    @CsvSource({"1, false", "1, true", "2, false", "3, true"})
    void framesStayInTheirVlan(int lanes, boolean coalesce) {
        CompletableFuture<HostPort> opened = new CompletableFuture<>();
        try (TestBackEnd backEnd = TestBackEnd.inVlans(
                        lanes, coalesce, List.of(HostPort.opening(opened)), TEN, TEN, TWENTY, BOTH);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full());
                NetDriver other = backEnd.attach(2, NetSetup.full());
                NetDriver trunk = backEnd.attach(3, NetSetup.full())) {
            HostPort host = opened.join();
            byte[] plain = forAll(packet(1, 0, 300).complete());
            byte[] tagged = forAll(packet(1, 0, 300).vlan(10).complete());
            a.send(plain);
            assertThat(b.receive().bytes()).isEqualTo(plain);
            assertThat(trunk.receive().bytes()).isEqualTo(tagged);
            assertThat(host.receive()).isEqualTo(tagged);

            // The same address in the other VLAN is another station: what is for it stays there.
            trunk.send(forAll(packet(1, 0, 60).vlan(20).complete()));
            assertThat(other.receive().bytes())
                    .as("of VLAN 10 it has got nothing")
                    .isEqualTo(forAll(packet(1, 0, 60).complete()));
            assertThat(host.receive())
                    .isEqualTo(forAll(packet(1, 0, 60).vlan(20).complete()));
            other.send(packet(5, 1, 70).complete());
            assertThat(trunk.receive().bytes())
                    .isEqualTo(packet(5, 1, 70).vlan(20).complete());
            host.send(packet(6, 1, 80).vlan(10).complete());
            assertThat(a.receive().bytes()).isEqualTo(packet(6, 1, 80).complete());

            // A burst between access ports, and super-frames whose header follows the tag.
            for (int i = 0; i < 40; i++) {
                b.send(packet(2, 1, 64).numbers(i * 64, i).complete());
            }
            int bytes = 0;
            while (bytes < 40 * 64) {
                bytes += a.receive().bytes().length - packet(2, 1, 64).headerLength();
            }
            assertThat(bytes).isEqualTo(40 * 64);
            trunk.send(forAll(packet(4, 0, 60).vlan(10).complete()));
            a.receive();
            b.receive();
            host.receive();
            PacketBuilder large = packet(1, 4, 5000);
            a.send(large.partial(), large.superHeader(1000));
            ReceivedFrame arrived = trunk.receive();
            PacketBuilder same = packet(1, 4, 5000).vlan(10);
            DriverHeader header = same.superHeader(1000);
            assertThat(arrived.bytes()).isEqualTo(same.partial());
            assertThat(arrived.header().csumStart()).isEqualTo(header.csumStart());
            assertThat(arrived.header().hdrLen()).isEqualTo(header.hdrLen());
            assertThat(arrived.header().gsoSize()).isEqualTo(1000);
            PacketBuilder back = packet(4, 1, 4000).vlan(10);
            trunk.send(back.partial(), back.superHeader(1000));
            arrived = a.receive();
            assertThat(arrived.bytes()).isEqualTo(packet(4, 1, 4000).partial());
            assertThat(arrived.header().csumStart())
                    .isEqualTo(packet(4, 1, 4000).superHeader(1000).csumStart());

            // What is in no VLAN of its port is dropped, counted and said.
            a.send(packet(1, 4, 60).vlan(10).complete());
            trunk.send(packet(4, 1, 60).complete());
            trunk.send(packet(4, 1, 60).vlan(30).complete());
            trunk.send(packet(4, 1, 90).vlan(10).complete());
            assertThat(a.receive().bytes()).isEqualTo(packet(4, 1, 90).complete());
            a.awaitSent();
            assertThat(backEnd.backend().counters(0).get(Counter.TX_OUTSIDE_VLANS))
                    .isEqualTo(1);
            assertThat(backEnd.backend().counters(3).get(Counter.TX_OUTSIDE_VLANS))
                    .isEqualTo(2);
            backEnd.awaitLine("guest0", "this port does not carry its VLAN");
        }
    }

    @Test
    void stationsAreTakenOverWithTheirVlan() throws HandOverException {
        try (TestBackEnd backEnd = TestBackEnd.inVlans(1, false, List.of(), TEN, TEN, BOTH);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full());
                NetDriver trunk = backEnd.attach(2, NetSetup.full())) {
            trunk.send(forAll(packet(4, 0, 60).vlan(10).complete()));
            a.receive();
            b.receive();

            List<Endpoint> other = backEnd.config().endpoints().stream()
                    .map(each -> each.withVlan(TWENTY))
                    .toList();
            assertThatExceptionOfType(HandOverException.class)
                    .isThrownBy(() -> backEnd.replace(BackendConfig.builder(other, TestBackEnd.OFFERED)
                            .mtu(9000)
                            .switching(new Switching.Bridged(List.of()))
                            .build()))
                    .withMessageContaining(",tag=10")
                    .withMessageContaining(",tag=20");
            backEnd.replace(backEnd.config());

            a.send(packet(1, 4, 200).complete());
            assertThat(trunk.receive().bytes())
                    .isEqualTo(packet(1, 4, 200).vlan(10).complete());
            trunk.send(forAll(packet(4, 0, 70).vlan(10).complete()));
            assertThat(b.receive().bytes())
                    .as("the frame for one station was not for all")
                    .isEqualTo(forAll(packet(4, 0, 70).complete()));
        }
    }
}
