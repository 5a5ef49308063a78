// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.MacAddress;

/**
 * The VLANs of a bridge's ports: determines the VLAN of a frame, the other ports of that VLAN, and the form (with or
 * without a tag) in which each of them gets the frame. A bridge without VLANs has no switch. Belongs to one lane.
 */
final class VlanSwitch {
    /** Result of {@link #enter}: the source port does not carry the frame's VLAN. */
    static final int NO_VLAN = -1;

    private static final int[] NONE = {};

    /** Number of VLAN IDs, including reserved ones. */
    private static final int ALL_IDS = 1 << 12;

    private final TaggedFrames frames = new TaggedFrames();
    private final int[][] members;
    private PortVlan[] ports = new PortVlan[0];

    /** For each port, the VLANs that it carries, one bit for each VLAN ID. */
    private BitSet[] carried = new BitSet[0];

    /**
     * For each port, the VLAN IDs that the inner tag may have, one bit each; bit 0 stands for no inner tag. Null when
     * all are allowed.
     */
    private @Nullable BitSet[] inner = new BitSet[0];

    /** Creates a switch without ports. */
    VlanSwitch() {
        members = new int[PortVlan.MOST + 1][];
        Arrays.fill(members, NONE);
    }

    /**
     * Creates the same switch for another lane.
     *
     * @param other the switch to copy, which no longer changes
     */
    VlanSwitch(VlanSwitch other) {
        members = other.members;
        ports = other.ports;
        carried = other.carried;
        inner = other.inner;
    }

    /** Skips the next port number, which is unused. */
    void skip() {
        ports = Arrays.copyOf(ports, ports.length + 1);
        ports[ports.length - 1] = PortVlan.ALL;
        carried = Arrays.copyOf(carried, ports.length);
        carried[ports.length - 1] = new BitSet();
        inner = Arrays.copyOf(inner, ports.length);
    }

    /** Adds the next port. */
    void add(PortVlan port) {
        int number = ports.length;
        ports = Arrays.copyOf(ports, number + 1);
        ports[number] = port;
        carried = Arrays.copyOf(carried, number + 1);
        carried[number] = new BitSet(members.length);
        inner = Arrays.copyOf(inner, number + 1);
        inner[number] = inner(port);
        int[] before = NONE;
        int[] after = NONE;
        for (int vlan = 0; vlan < members.length; vlan++) {
            if (!port.carries(vlan)) {
                continue;
            }
            carried[number].set(vlan);
            // Most VLANs have the same ports and share one array.
            if (after.length == 0 || !Arrays.equals(members[vlan], before)) {
                before = members[vlan];
                after = Arrays.copyOf(before, before.length + 1);
                after[before.length] = number;
            }
            members[vlan] = after;
        }
    }

    private static @Nullable BitSet inner(PortVlan port) {
        BitSet all = new BitSet();
        IntStream.range(0, ALL_IDS).filter(port::carriesInner).forEach(all::set);
        return all.cardinality() == ALL_IDS ? null : all;
    }

    /**
     * Determines the VLAN of a frame, and reads its Ethernet header for the methods below: the frame has entered.
     *
     * @return the VLAN ID; {@link #NO_VLAN} when the source port does not carry the VLAN
     */
    int enter(int source, Frame frame) {
        if (!frames.read(frame)) {
            return NO_VLAN;
        }
        int id = frames.vlan();
        PortVlan port = ports[source];
        if (port.mode() == PortVlan.Mode.DOT1Q_TUNNEL) {
            frames.wrap(port.tpid());
            return mayBeInside(source) ? port.tag() : NO_VLAN;
        }
        if (id == 0) {
            id = port.tag();
        } else if (port.mode() == PortVlan.Mode.ACCESS || id > PortVlan.MOST) {
            return NO_VLAN;
        }
        return carried[source].get(id) ? id : NO_VLAN;
    }

    /** Returns whether a port carries the frame that entered last, with its inner tag if it has one. */
    private boolean mayBeInside(int port) {
        BitSet all = inner[port];
        return all == null || all.get(frames.inner());
    }

    /** Returns the VLAN of frames that a port sends without a tag, or {@link #NO_VLAN}. */
    int ofUntagged(int source) {
        PortVlan port = ports[source];
        return carried[source].get(port.tag()) ? port.tag() : NO_VLAN;
    }

    /** Returns the VLAN of a frame that was already converted for its destination port. */
    int leaving(int destination, Frame frame) {
        PortVlan port = ports[destination];
        if (port.isOfOneVlan()) {
            return port.tag();
        }
        if (!frames.read(frame) || frames.vlan() > PortVlan.MOST) {
            return NO_VLAN;
        }
        return frames.vlan() == 0 ? port.tag() : frames.vlan();
    }

    /** Returns the source address of the frame that entered last. */
    long source() {
        return frames.source();
    }

    /** Returns the destination address of the frame that entered last. */
    long destination() {
        return frames.destination();
    }

    /** Returns the ports of a VLAN, in ascending order. The caller must not change the array. */
    int[] members(int vlan) {
        return members[vlan];
    }

    /**
     * Returns the port to which a frame goes; -1 when all other ports of its VLAN get it, the source port when no port
     * does.
     */
    int route(MacTable table, int vlan, int source, long destinationMac) {
        int found = MacAddress.isGroup(destinationMac) ? -1 : table.find(destinationMac);
        // A table may be shared by several VLANs.
        int destination = found >= 0 && carried[found].get(vlan) ? found : -1;
        int[] all = members[vlan];
        return destination < 0 && all.length == 2 ? all[0] + all[1] - source : destination;
    }

    /** Returns whether a port carries one VLAN only, and it is the given one. */
    boolean isAccess(int port, int vlan) {
        return ports[port].mode() == PortVlan.Mode.ACCESS && ports[port].tag() == vlan;
    }

    /**
     * Returns the frame that entered last, converted for a port: with or without a tag.
     *
     * @param destination a port that carries the VLAN
     * @return the frame, the same object for all ports that get the same form; null when it cannot be converted
     */
    @Nullable
    Frame leave(int vlan, int destination) {
        PortVlan port = ports[destination];
        if (!mayBeInside(destination)) {
            return null;
        }
        if (port.tags(vlan)) {
            return frames.with(vlan);
        }
        // Beyond a trunk, the second tag would be mistaken for the frame's VLAN.
        return !port.isOfOneVlan() && frames.hasSecondTag() ? null : frames.without();
    }

    /**
     * Copies the number of delivered segments from a frame that {@link #leave} returned to the frame that entered last.
     */
    void progress(Frame left) {
        frames.progress(left);
    }
}
