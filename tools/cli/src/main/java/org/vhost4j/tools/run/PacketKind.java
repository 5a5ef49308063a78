// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.vhostuser.server.Uplink;

/** {@code --port packet:ifname=NAME}: a NIC, or any other Ethernet interface of the host, on the bridge. */
final class PacketKind implements PortKind {
    /**
     * The option.
     *
     * @param ifname name of the interface
     */
    record Packet(String ifname) implements PortOption.OnBridge {
        @Override
        public Uplink uplink(HostCapabilities host) {
            return new PacketUplink(ifname, PortOption.lines("packet:" + ifname));
        }
    }

    @Override
    public String name() {
        return "packet";
    }

    @Override
    public String usage() {
        return "packet:ifname=NAME";
    }

    @Override
    public PortOption parse(String option, String rest) {
        String ifname = CommaOptions.parse(option, rest, "ifname").get("ifname");
        // The kernel's IFNAMSIZ is 16 with the final zero.
        if (ifname == null || ifname.length() > 15) {
            throw new IllegalArgumentException(
                    option + ": a port on an interface needs ifname=NAME of 1 to 15 characters");
        }
        return new Packet(ifname);
    }
}
