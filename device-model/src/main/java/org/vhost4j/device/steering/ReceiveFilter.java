// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import java.util.Arrays;
import org.vhost4j.device.frame.MacAddress;

/**
 * The receive filter that a driver configures by its control queue (virtio 1.4 section 5.1.6.5.1 to 5.1.6.5.3): receive
 * modes, MAC table and VLAN filter. Without any configuration, every frame passes.
 */
public final class ReceiveFilter {
    /**
     * The maximum number of unicast addresses, and of multicast addresses. With more addresses of a kind, all frames to
     * addresses of that kind pass.
     */
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

    /** Resets the filter, as after a device reset; {@code filterVlans} is true when CTRL_VLAN was negotiated. */
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

    /** Removes all addresses from the MAC table. */
    public void clearAddresses() {
        unicasts = 0;
        multicasts = 0;
        unicastOverflow = false;
        multicastOverflow = false;
    }

    /** Adds an address (48 bits, the first byte on the wire in the highest bits) to the unicast MAC table. */
    public void addUnicast(long mac) {
        if (unicasts == MAX_ADDRESSES) {
            unicastOverflow = true;
        } else {
            unicast[unicasts++] = mac;
        }
    }

    /** Adds an address (48 bits, the first byte on the wire in the highest bits) to the multicast MAC table. */
    public void addMulticast(long mac) {
        if (multicasts == MAX_ADDRESSES) {
            multicastOverflow = true;
        } else {
            multicast[multicasts++] = mac;
        }
    }

    /** Sets whether frames of a VLAN pass the filter; the VLAN ID {@code id} is 0 to 4095. */
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
