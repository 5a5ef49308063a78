// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.feature.NetFeatures;
import org.vhost4j.sys.SocketPair;

class ChangedGuestTest {
    private static long mac(GuestPort guest) {
        long[] mac = new long[1];
        Backend.inLane(
                guest.context(),
                () -> mac[0] = guest.device().control().config().mac());
        return mac[0];
    }

    @Test
    void aDerivedAddressStaysWhenAGuestBeforeWasRemoved(@TempDir Path directory) throws ChangeRefused {
        SocketPair pair = SocketPair.create();
        try (var front = pair.first()) {
            Endpoint inherited = Endpoint.inherited(pair.second().number(), Attach.AUTO);
            Endpoint listening = Endpoint.listen(directory.resolve("a.sock"), Attach.AUTO);
            BackendConfig config = BackendConfig.builder(List.of(listening, inherited), FeatureSet.of(NetFeatures.ALL))
                    .build();
            try (Backend backend = Backend.start(config, new SilentListener())) {
                assertThat(front.isOpen()).isTrue();
                GuestPort guest = backend.guests().getLast();
                long before = mac(guest);
                backend.membership().removeGuest("guest0");
                backend.membership().changeGuest("guest1", settings -> settings.withMac(PortRules.NO_MAC, true));
                assertThat(mac(guest)).isEqualTo(before);
            }
        }
    }
}
