// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.EnumSet;
import java.util.Set;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.vhostuser.server.Uplink;

/** {@code --port tap:ifname=NAME}: a TAP on the bridge. */
final class TapKind implements PortKind {
    /**
     * The option.
     *
     * @param ifname of the interface
     */
    record Tap(String ifname) implements PortOption.OnBridge {
        @Override
        public Set<HostUse> uses() {
            return EnumSet.of(HostUse.TAP);
        }

        @Override
        public Uplink uplink(HostCapabilities host) {
            return uplink(host, 1);
        }

        @Override
        public Uplink uplink(HostCapabilities host, int queues) {
            return new TapUplink(ifname, queues > 1, host, PortOption.lines("tap:" + ifname));
        }
    }

    @Override
    public String name() {
        return "tap";
    }

    @Override
    public String usage() {
        return "tap:ifname=NAME";
    }

    @Override
    public PortOption parse(String option, String rest) {
        String ifname = CommaOptions.parse(option, rest, "ifname").get("ifname");
        // The kernel's IFNAMSIZ is 16 with the final zero.
        if (ifname == null || ifname.length() > 15) {
            throw new IllegalArgumentException(option + ": a TAP needs ifname=NAME of 1 to 15 characters");
        }
        return new Tap(ifname);
    }
}
