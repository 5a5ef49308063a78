// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.wire.BackendRequest;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests changes of the config space by the device, and their notification of the driver. */
@Timeout(300)
class ConfigChangeTest {
    private static final int STATUS = 6;
    private static final NetSetup OURS = NetSetup.full()
            .with(Feature.MAC, Feature.STATUS, Feature.CTRL_VQ, Feature.GUEST_ANNOUNCE)
            .withProtocol(ProtocolFeature.CONFIG, ProtocolFeature.BACKEND_REQ, ProtocolFeature.RARP);

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(2);

    private static void assertTold(FrontEndSocket channel) {
        try (RawMessage message = channel.receive(Await.PATIENCE)) {
            assertThat(message.request()).isEqualTo(BackendRequest.CONFIG_CHANGE_MSG.code());
            assertThat(message.payload().hasRemaining()).isFalse();
        }
    }

    private void link(boolean up) {
        assertThat(backEnd.backend().link("guest0", up).join()).isTrue();
    }

    @Test
    void theLinkGoesDownAndUpAgain() {
        try (NetDriver a = backEnd.attach(0, OURS);
                NetDriver b = backEnd.attach(1, NetSetup.full());
                FrontEndSocket channel = a.frontEnd().openBackendChannel()) {
            Traffic.exchange(a, 1, b, 2);
            assertThat(a.frontEnd().getConfig(STATUS, 2)).containsExactly(1, 0);
            link(false);
            assertTold(channel);
            assertThat(a.frontEnd().getConfig(STATUS, 2)).containsExactly(0, 0);
            a.send(new byte[60]);
            a.awaitSent();
            b.send(new byte[60]);
            b.awaitSent();
            // A frame is with its receiver before its sender gets the buffer back, so none can still be on its way.
            assertThat(a.poll(0)).as("to the guest whose link is down").isEmpty();
            assertThat(b.poll(0)).as("from the guest whose link is down").isEmpty();
            link(true);
            assertTold(channel);
            assertThat(a.frontEnd().getConfig(STATUS, 2)).containsExactly(1, 0);
            Traffic.exchange(a, 1, b, 2);
        }
    }

    @Test
    void aDriverThatCanAnnouncesItselfAndAcknowledges() {
        try (NetDriver a = backEnd.attach(0, OURS);
                FrontEndSocket channel = a.frontEnd().openBackendChannel()) {
            a.frontEnd().sendRarp(new byte[] {2, 0, 0, 0, 0, 1});
            assertTold(channel);
            assertThat(a.frontEnd().getConfig(STATUS, 2)).containsExactly(3, 0);
            assertThat(a.control(Control.ANNOUNCE, Control.ANNOUNCE_ACK)).isEqualTo(Control.OK);
            assertThat(a.frontEnd().getConfig(STATUS, 2)).containsExactly(1, 0);
        }
    }

    @Test
    void aFrontEndThatDoesNotReadItsChannelHarmsItselfOnly() {
        try (NetDriver a = backEnd.attach(0, OURS);
                NetDriver b = backEnd.attach(1, NetSetup.full());
                FrontEndSocket channel = a.frontEnd().openBackendChannel()) {
            assertThat(channel.fd()).isNotNull();
            for (int i = 0; i < 20_000; i++) {
                link(i % 2 != 0);
            }
            backEnd.awaitLine("CONFIG_CHANGE_MSG could not be sent", "the front-end does not read it");
            backEnd.assertSaidOnce("CONFIG_CHANGE_MSG could not be sent");
            Traffic.exchange(a, 1, b, 2);
        }
    }
}
