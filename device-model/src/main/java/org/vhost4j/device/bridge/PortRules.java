// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import org.vhost4j.device.frame.MacAddress;

/**
 * The rules that a bridge applies to one port.
 *
 * @param mac the port's own address: a station that is behind this port and no other, 48 bits, the first byte on the
 *     wire in the highest bits; or {@link #NO_MAC}. Of several ports with the same address, the port whose guest runs
 *     has it
 * @param onlyMac whether the port may send only from {@code mac}: frames from other addresses are dropped
 * @param stations maximum number of stations that are remembered behind the port, or {@link #UNLIMITED}; a station
 *     beyond the maximum replaces the port's oldest one
 * @param keepsStations whether a station of this port cannot move to another port until it is forgotten here
 * @param floodsPerSecond maximum number of frames per second that the port may flood, or {@link #UNLIMITED}
 * @param uplink whether the port leads to another network with many stations: the port then does not wait for a
 *     receiver while there are other receivers
 * @param watch receives violations of these rules
 * @param vlan the VLANs of the port; when every port has {@link PortVlan#ALL} there are no VLANs, and tags are ignored
 */
public record PortRules(
        long mac,
        boolean onlyMac,
        int stations,
        boolean keepsStations,
        int floodsPerSecond,
        boolean uplink,
        StationWatch watch,
        PortVlan vlan) {
    /** The value of {@link #mac} without an address. */
    public static final long NO_MAC = -1;

    /** The value of {@link #stations} and {@link #floodsPerSecond} without a limit. */
    public static final int UNLIMITED = 0;

    /** Default maximum number of stations of a port, enough for a guest that runs guests or containers. */
    public static final int STATIONS = 64;

    /** The rules of a port without restrictions. */
    public static final PortRules NONE =
            new PortRules(NO_MAC, false, UNLIMITED, false, UNLIMITED, false, StationWatch.NONE);

    /**
     * Creates the rules of a port with {@link PortVlan#ALL}.
     *
     * @param mac see {@link #mac()}
     * @param onlyMac see {@link #onlyMac()}
     * @param stations see {@link #stations()}
     * @param keepsStations see {@link #keepsStations()}
     * @param floodsPerSecond see {@link #floodsPerSecond()}
     * @param uplink see {@link #uplink()}
     * @param watch see {@link #watch()}
     */
    public PortRules(
            long mac,
            boolean onlyMac,
            int stations,
            boolean keepsStations,
            int floodsPerSecond,
            boolean uplink,
            StationWatch watch) {
        this(mac, onlyMac, stations, keepsStations, floodsPerSecond, uplink, watch, PortVlan.ALL);
    }

    /**
     * Returns the same rules with other VLANs.
     *
     * @param vlans the VLANs of the port
     * @return the new rules
     */
    public PortRules withVlan(PortVlan vlans) {
        return new PortRules(mac, onlyMac, stations, keepsStations, floodsPerSecond, uplink, watch, vlans);
    }

    /** Checks the values. */
    public PortRules {
        if (mac != NO_MAC && (mac <= 0 || mac >>> 48 != 0 || MacAddress.isGroup(mac))) {
            throw new IllegalArgumentException("0x" + Long.toHexString(mac) + " is not a unicast MAC address");
        }
        if (onlyMac && mac == NO_MAC) {
            throw new IllegalArgumentException("a port that may send only from its own address needs one");
        }
        if (stations < 0 || floodsPerSecond < 0) {
            throw new IllegalArgumentException(
                    "limits are positive, not " + stations + " stations and " + floodsPerSecond + " frames");
        }
    }
}
