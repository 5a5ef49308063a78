// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vhost4j.host.xdp.XdpMode;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.vhostuser.server.Uplink;

/** {@code --port xdp:IFNAME[,queue=N][,mode=MODE]}: one queue of a network interface on the bridge, through an AF_XDP socket. */
final class XdpKind implements PortKind {
    /**
     * The option.
     *
     * @param ifname name of the interface
     * @param queue number of the queue
     * @param mode copy or zero-copy mode
     */
    record Xdp(String ifname, int queue, XdpMode mode) implements PortOption.OnBridge {
        @Override
        public Set<HostUse> uses() {
            return EnumSet.of(HostUse.AF_XDP);
        }

        @Override
        public Uplink uplink(HostCapabilities host) {
            String name = "xdp:" + ifname + (queue == 0 ? "" : ",queue=" + queue);
            return new XdpUplink(name, ifname, queue, mode, PortOption.lines(name));
        }
    }

    @Override
    public String name() {
        return "xdp";
    }

    @Override
    public String usage() {
        return "xdp:IFNAME[,queue=N][,mode=MODE]";
    }

    @Override
    public PortOption parse(String option, String rest) {
        List<String> parts = new ArrayList<>(CommaOptions.parts(rest));
        if (!parts.isEmpty() && parts.getFirst().indexOf('=') < 0) {
            parts.set(0, "ifname=" + parts.getFirst());
        }
        Map<String, String> options = CommaOptions.parse(option, String.join(",", parts), "ifname", "queue", "mode");
        String ifname = options.get("ifname");
        // The kernel's IFNAMSIZ is 16 with the final zero.
        if (ifname == null || ifname.length() > 15) {
            throw new IllegalArgumentException(
                    option + ": an AF_XDP port needs the name of an interface, 1 to 15 characters");
        }
        String queue = options.getOrDefault("queue", "0");
        if (!queue.matches("[0-9]{1,4}")) {
            throw new IllegalArgumentException(option + ": queue is a number from 0 to 9999");
        }
        XdpMode mode = switch (options.getOrDefault("mode", "auto")) {
            case "auto" -> XdpMode.AUTO;
            case "copy" -> XdpMode.COPY;
            case "zerocopy" -> XdpMode.ZEROCOPY;
            default -> throw new IllegalArgumentException(option + ": mode is auto, copy or zerocopy");
        };
        return new Xdp(ifname, Integer.parseInt(queue), mode);
    }
}
