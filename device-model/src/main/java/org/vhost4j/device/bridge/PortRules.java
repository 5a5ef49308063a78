// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import org.vhost4j.device.frame.MacAddress;

/**
 * What a bridge holds a port to.
 *
 * @param mac the station that is behind this port and behind no other, 48 bits with the first byte on the wire highest, or {@link #NO_MAC};
 *     of several ports with one address the port whose guest runs has it
 * @param onlyMac whether frames come from {@code mac} alone: others are dropped
 * @param stations how many stations are remembered behind the port, or {@link #UNLIMITED}; one more, and the port's oldest is forgotten
 * @param keepsStations whether a station of this port cannot move to another port, until this one is forgotten
 * @param floodsPerSecond how many frames may come in a second that go to all other ports, or {@link #UNLIMITED}
 * @param uplink whether many stands behind this port, so that it never waits for one receiver while there are others
 * @param watch is notified of violations of these rules
 * @param vlan which VLANs the port carries; with {@link PortVlan#ALL} for every port there are no VLANs, and tags are not looked at
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
    /** No address is given. */
    public static final long NO_MAC = -1;

    /** There is no limit. */
    public static final int UNLIMITED = 0;

    /** Limit of stations of a port, enough for a guest that runs guests or containers. */
    public static final int STATIONS = 64;

    /** A port that is held to nothing. */
    public static final PortRules NONE =
            new PortRules(NO_MAC, false, UNLIMITED, false, UNLIMITED, false, StationWatch.NONE);

    /**
     * The rules of a port that is given no VLANs.
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
     * The same rules with other VLANs.
     *
     * @param vlans which the port carries
     * @return rules with them
     */
    public PortRules withVlan(PortVlan vlans) {
        return new PortRules(mac, onlyMac, stations, keepsStations, floodsPerSecond, uplink, watch, vlans);
    }

    /** Checks the values. */
    public PortRules {
        if (mac != NO_MAC && (mac <= 0 || mac >>> 48 != 0 || MacAddress.isGroup(mac))) {
            throw new IllegalArgumentException("0x" + Long.toHexString(mac) + " is not the address of one station");
        }
        if (onlyMac && mac == NO_MAC) {
            throw new IllegalArgumentException("a port that sends from one address only has to have one");
        }
        if (stations < 0 || floodsPerSecond < 0) {
            throw new IllegalArgumentException(
                    "limits are positive, not " + stations + " stations and " + floodsPerSecond + " frames");
        }
    }
}
