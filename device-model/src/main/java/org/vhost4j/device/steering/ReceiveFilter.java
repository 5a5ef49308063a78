// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import java.util.Arrays;
import org.vhost4j.device.frame.MacAddress;

/**
 * The receive filter that a guest configures by its control queue (virtio 1.4 section 5.1.6.5.1 to 5.1.6.5.3): receive
 * modes, MAC table, VLAN filter. A guest that has configured nothing receives every frame.
 */
public final class ReceiveFilter {
    /** The maximum number of unicast and of multicast addresses; a guest with more gets all frames of that kind. */
    public static final int MAX_ADDRESSES = 64;

    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final int VLANS = 4096;

    public boolean promiscuous;
    public boolean allMulticast;
    public boolean allUnicast;
    public boolean noMulticast;
    public boolean noUnicast;
    public boolean noBroadcast;

    private final long[] unicast = new long[MAX_ADDRESSES];
    private final long[] multicast = new long[MAX_ADDRESSES];
    private int unicasts;
    private int multicasts;
    private boolean unicastOverflow;
    private boolean multicastOverflow;
    private final long[] vlans = new long[VLANS / Long.SIZE];
    private boolean vlanFilter;

    public ReceiveFilter() {
        reset(false);
    }

    /** Restores the state after a reset; {@code filterVlans} is true when CTRL_VLAN was negotiated. */
    public void reset(boolean filterVlans) {
        promiscuous = true;
        allMulticast = false;
        allUnicast = false;
        noMulticast = false;
        noUnicast = false;
        noBroadcast = false;
        unicasts = 0;
        multicasts = 0;
        unicastOverflow = false;
        multicastOverflow = false;
        vlanFilter = filterVlans;
        Arrays.fill(vlans, 0);
    }

    /** Starts a new MAC table. */
    public void clearAddresses() {
        unicasts = 0;
        multicasts = 0;
        unicastOverflow = false;
        multicastOverflow = false;
    }

    /** Adds an address (48 bits, first byte highest) to the unicast part of the table. */
    public void addUnicast(long mac) {
        if (unicasts == MAX_ADDRESSES) {
            unicastOverflow = true;
        } else {
            unicast[unicasts++] = mac;
        }
    }

    /** Adds an address to the multicast part of the table. */
    public void addMulticast(long mac) {
        if (multicasts == MAX_ADDRESSES) {
            multicastOverflow = true;
        } else {
            multicast[multicasts++] = mac;
        }
    }

    /** Sets whether frames of a VLAN pass; {@code id} is 0 to 4095. */
    public void vlan(int id, boolean pass) {
        long bit = 1L << id;
        if (pass) {
            vlans[id / Long.SIZE] |= bit;
        } else {
            vlans[id / Long.SIZE] &= ~bit;
        }
    }

    /**
     * Returns whether a frame passes the filter.
     *
     * @param destination MAC address, 48 bits, first byte highest
     * @param etherType the EtherType after the addresses
     * @param tag the two bytes after the EtherType; used only when the EtherType is that of a VLAN tag
     * @param ownMac the guest's MAC address
     */
    public boolean passes(long destination, int etherType, int tag, long ownMac) {
        if (promiscuous) {
            return true;
        }
        if (vlanFilter && etherType == 0x8100 && (vlans[(tag & 0xfff) / Long.SIZE] >>> tag & 1) == 0) {
            return false;
        }
        if (MacAddress.isGroup(destination)) {
            if (destination == BROADCAST) {
                return !noBroadcast;
            }
            return !noMulticast && (allMulticast || multicastOverflow || contains(multicast, multicasts, destination));
        }
        return !noUnicast
                && (allUnicast || unicastOverflow || destination == ownMac || contains(unicast, unicasts, destination));
    }

    private static boolean contains(long[] table, int entries, long mac) {
        for (int i = 0; i < entries; i++) {
            if (table[i] == mac) {
                return true;
            }
        }
        return false;
    }
}
