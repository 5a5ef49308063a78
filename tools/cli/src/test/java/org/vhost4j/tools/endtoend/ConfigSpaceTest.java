// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests the config space (virtio 1.4 section 5.1.4) with GET_CONFIG and SET_CONFIG, and the MTU with NET_SET_MTU. */
class ConfigSpaceTest {
    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(2, 2);

    private static final NetSetup SETUP =
            NetSetup.full().with(Feature.MAC, Feature.STATUS).withProtocol(ProtocolFeature.CONFIG);

    @Test
    void itHoldsMacStatusAndPairs() {
        try (NetDriver a = backEnd.attach(0, SETUP);
                NetDriver b = backEnd.attach(1, SETUP)) {
            byte[] config = a.frontEnd().getConfig(0, 12);
            ByteBuffer fields = ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(config[0] & 1).as("unicast").isZero();
            assertThat(a.frontEnd().getConfig(0, 6)).isNotEqualTo(b.frontEnd().getConfig(0, 6));
            assertThat(fields.getShort(6) & 1).as("LINK_UP").isEqualTo(1);
            assertThat(fields.getShort(8)).as("max_virtqueue_pairs").isEqualTo((short) 2);
            assertThat(a.frontEnd().getConfig(8, 2)).containsExactly(2, 0);
        }
    }

    @Test
    void whatIsOutsideIsRefusedAndTheConnectionStays() {
        try (NetDriver driver = backEnd.attach(0, SETUP)) {
            FrontEnd frontEnd = driver.frontEnd();
            assertThat(frontEnd.getConfig(250, 200)).isEmpty();
            assertThat(frontEnd.getConfig(-1, 4)).isEmpty();
            assertThatThrownBy(() -> frontEnd.setConfig(250, new byte[8]))
                    .isInstanceOf(FrontEndException.Refused.class);
            assertThat(frontEnd.getConfig(0, 6)).hasSize(6);
        }
    }

    @Test
    void aModernDriverCannotWriteTheMacAddressAndALegacyOneCan() {
        byte[] mac = {0x52, 0x54, 0, 1, 2, 3};
        try (NetDriver modern = backEnd.attach(0, SETUP)) {
            assertThatThrownBy(() -> modern.frontEnd().setConfig(0, mac)).isInstanceOf(FrontEndException.Refused.class);
            assertThat(modern.frontEnd().getConfig(0, 6)).isNotEqualTo(mac);
        }
        try (NetDriver legacy = backEnd.attach(1, SETUP.without(Feature.VERSION_1))) {
            legacy.frontEnd().setConfig(0, mac);
            assertThat(legacy.frontEnd().getConfig(0, 6)).isEqualTo(mac);
        }
    }

    @Test
    void anMtuIsTakenWithinItsRange() {
        try (NetDriver driver = backEnd.attach(0, NetSetup.full())) {
            FrontEnd frontEnd = driver.frontEnd();
            assertThat(ProtocolFeature.MTU.in(frontEnd.protocolFeatures())).isTrue();
            frontEnd.netSetMtu(1500);
            frontEnd.netSetMtu(9000);
            assertThatThrownBy(() -> frontEnd.netSetMtu(67)).isInstanceOf(FrontEndException.Refused.class);
            assertThatThrownBy(() -> frontEnd.netSetMtu(65536)).isInstanceOf(FrontEndException.Refused.class);
            frontEnd.barrier();
        }
    }
}
