// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.bridge.StationWatch;

/**
 * The security settings of a bridge's ports.
 *
 * @param mode mode of the check of source addresses
 * @param floodsPerSecond maximum number of frames per second that one port may flood to all others, or 0 for no limit
 */
public record PortSecurity(Mode mode, int floodsPerSecond) {
    /** The default settings: {@link Mode#AUTO}, and no limit. */
    public static final PortSecurity DEFAULT = new PortSecurity(Mode.AUTO, PortRules.UNLIMITED);

    /** The mode of the check of source MAC addresses. */
    public enum Mode {
        /** No check: a station belongs to the port from which its last frame came. */
        OFF,
        /**
         * A guest with a configured MAC address may send only from that address, unless it is trusted ({@link Endpoint#trustMac}), and no
         * other port may use the address. Any other guest may have a limited number of stations. A station that sends on a second port
         * moves to that port.
         */
        AUTO,
        /** Like {@link #AUTO}, but a station that was seen on a guest's port cannot move to another port until that guest is detached. */
        ON
    }

    /** Checks the limit. */
    public PortSecurity {
        if (floodsPerSecond < 0) {
            throw new IllegalArgumentException("a limit of " + floodsPerSecond + " frames a second");
        }
    }

    /** Returns the rules of a guest's port. */
    PortRules ofGuest(Endpoint endpoint, StationWatch watch) {
        if (mode == Mode.OFF) {
            return new PortRules(PortRules.NO_MAC, false, PortRules.UNLIMITED, false, floodsPerSecond, false, watch)
                    .withVlan(endpoint.vlan());
        }
        return new PortRules(
                endpoint.mac(),
                endpoint.mac() != PortRules.NO_MAC && !endpoint.trustMac(),
                PortRules.STATIONS,
                mode == Mode.ON,
                floodsPerSecond,
                false,
                watch,
                endpoint.vlan());
    }

    /** Returns the rules of a port to another network. */
    PortRules ofUplink(PortVlan vlan, StationWatch watch) {
        return new PortRules(
                PortRules.NO_MAC, false, PortRules.UNLIMITED, mode == Mode.ON, floodsPerSecond, true, watch, vlan);
    }
}
