// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.vhostuser.server.DeviceSnapshot;
import org.vhost4j.vhostuser.server.DeviceSnapshot.MacSource;
import org.vhost4j.vhostuser.server.GuestAddress;
import org.vhost4j.vhostuser.server.PortSecurity;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests the reported MAC address of a guest, and the source from which it is known. */
class GuestMacTest {
    private static final long GIVEN = 0x0200_0000_0007L;

    private static final NetSetup OWN_CONFIG =
            NetSetup.full().with(Feature.MAC, Feature.STATUS).withProtocol(ProtocolFeature.CONFIG);

    private static DeviceSnapshot device(TestBackEnd backEnd, int guest) {
        return backEnd.backend().devices().join().get(guest);
    }

    @Test
    void theAddressOfAFrontEndIsKnownWhenTheGuestHasSent() {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2);
                NetDriver guest = backEnd.attach(0, NetSetup.full());
                NetDriver other = backEnd.attach(1, NetSetup.full())) {
            assertThat(device(backEnd, 0).macSource()).isEqualTo(MacSource.FRONT_END);
            assertThat(device(backEnd, 0).mac()).isEqualTo(PortRules.NO_MAC);
            for (int station : List.of(5, 6)) {
                guest.send(
                        PacketBuilder.udp4().macs(station, 255).payload(50, 1).complete());
                other.receive();
                assertThat(device(backEnd, 0).macSource()).isEqualTo(MacSource.HEARD);
                assertThat(device(backEnd, 0).mac()).isEqualTo(0x5254_0012_3405L);
            }
        }
    }

    @Test
    void whatWasGivenIsTheAddressBehindAFrontEndsConfigSpaceToo() {
        try (TestBackEnd backEnd = TestBackEnd.secured(PortSecurity.DEFAULT, GIVEN);
                NetDriver guest = backEnd.attach(0, NetSetup.full())) {
            assertThat(guest.headerBytes()).isPositive();
            assertThat(device(backEnd, 0).macSource()).isEqualTo(MacSource.GIVEN);
            assertThat(device(backEnd, 0).mac()).isEqualTo(GIVEN);
        }
    }

    @Test
    void ourConfigSpaceHasTheAddressThatIsSuggestedForItsSocket() {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2)) {
            long suggested = GuestAddress.of(device(backEnd, 0).endpoint(), 0);
            assertThat(device(backEnd, 0).macSource())
                    .as("before any front-end has come")
                    .isEqualTo(MacSource.DEVICE);
            assertThat(device(backEnd, 0).mac())
                    .isEqualTo(suggested)
                    .isNotEqualTo(device(backEnd, 1).mac());
            try (NetDriver guest = backEnd.attach(0, OWN_CONFIG)) {
                byte[] mac = guest.frontEnd().getConfig(0, 6);
                assertThat(new BigInteger(1, mac).longValueExact()).isEqualTo(suggested);
                assertThat(device(backEnd, 0).macSource()).isEqualTo(MacSource.DEVICE);
            }
        }
    }
}
