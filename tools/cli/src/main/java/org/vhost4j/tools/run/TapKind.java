// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.vhostuser.server.Uplink;

/** {@code --port tap:ifname=NAME}: a TAP on the bridge, with one queue or one for each lane. */
final class TapKind implements PortKind {
    /**
     * The option.
     *
     * @param ifname name of the interface
     * @param laneQueues whether every lane has a queue of it
     */
    record Tap(String ifname, boolean laneQueues) implements PortOption.OnBridge {
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
            return new TapUplink(ifname, queues > 1, laneQueues, host, PortOption.lines("tap:" + ifname));
        }
    }

    @Override
    public String name() {
        return "tap";
    }

    @Override
    public String usage() {
        return "tap:ifname=NAME[,lane-queues=on]";
    }

    @Override
    public PortOption parse(String option, String rest) {
        Map<String, String> values = CommaOptions.parse(option, rest, "ifname", "lane-queues");
        String ifname = values.get("ifname");
        // The kernel's IFNAMSIZ is 16 with the final zero.
        if (ifname == null || ifname.length() > 15) {
            throw new IllegalArgumentException(option + ": a TAP needs ifname=NAME of 1 to 15 characters");
        }
        String laneQueues = values.getOrDefault("lane-queues", "off");
        if (!laneQueues.equals("on") && !laneQueues.equals("off")) {
            throw new IllegalArgumentException(option + ": lane-queues is on or off, and not " + laneQueues);
        }
        return new Tap(ifname, laneQueues.equals("on"));
    }
}
