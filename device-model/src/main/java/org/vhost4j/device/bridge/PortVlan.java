// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The VLANs that a port carries, and which of its frames have a tag (IEEE 802.1Q). The modes are those of Open
 * vSwitch's {@code Port} table. A tag has EtherType {@link #C_TAG} or {@link #S_TAG}; the outermost tag determines the
 * VLAN of a frame.
 *
 * @param mode the mode of the port
 * @param tag the VLAN of an access port, the native VLAN of a trunk, or the service VLAN of a tunnel, 1 to {@value #MOST}; 0 in mode
 *     {@link Mode#TRUNK}
 * @param trunks the VLANs of a trunk, 0 to {@value #MOST}, where 0 stands for untagged frames; empty for all VLANs.
 *     Empty for other modes
 * @param cvlans the customer VLANs of a tunnel, 0 to {@value #MOST}, where 0 stands for frames without a customer tag;
 *     empty for all VLANs. Empty for other modes
 * @param tpid the EtherType of the service tag that a tunnel inserts: {@link #S_TAG} or {@link #C_TAG}; {@link #C_TAG}
 *     for other modes
 */
public record PortVlan(Mode mode, int tag, Set<Integer> trunks, Set<Integer> cvlans, int tpid) {
    /** EtherType of a customer tag (C-tag), the usual one. */
    public static final int C_TAG = 0x8100;

    /** EtherType of a service tag (S-tag, IEEE 802.1ad). */
    public static final int S_TAG = 0x88a8;

    /** The highest VLAN ID; 4095 is reserved. */
    public static final int MOST = 4094;

    /** A trunk of all VLANs, native VLAN 0: the default of a port without options. */
    public static final PortVlan ALL = new PortVlan(Mode.TRUNK, 0, Set.of());

    /** The mode of a port. */
    public enum Mode {
        /**
         * Frames have no tag and are in one VLAN. Frames that arrive with a tag are dropped, except with VLAN ID 0,
         * which only carries a priority.
         */
        ACCESS,
        /** Frames of VLAN 0 have no tag, all others have one. */
        TRUNK,
        /**
         * A trunk whose native VLAN contains the frames that arrive without a tag; frames that leave always have a tag.
         */
        NATIVE_TAGGED,
        /** A trunk whose frames in the native VLAN have no tag. */
        NATIVE_UNTAGGED,
        /**
         * All frames are in one VLAN, the service VLAN (QinQ, IEEE 802.1ad), whatever tag they have. Within the bridge
         * and on trunks the service tag precedes that tag; frames that leave this port have no service tag.
         */
        DOT1Q_TUNNEL;

        /** Returns the name that the command-line options use. */
        @Override
        public String toString() {
            return switch (this) {
                case ACCESS -> "access";
                case TRUNK -> "trunk";
                case NATIVE_TAGGED -> "native-tagged";
                case NATIVE_UNTAGGED -> "native-untagged";
                case DOT1Q_TUNNEL -> "dot1q-tunnel";
            };
        }
    }

    /** Checks the values. */
    public PortVlan {
        trunks = Set.copyOf(trunks);
        cvlans = Set.copyOf(cvlans);
        if (mode == Mode.TRUNK ? tag != 0 : tag < 1 || tag > MOST) {
            throw new IllegalArgumentException("mode " + mode + " with VLAN " + tag);
        }
        boolean tunnel = mode == Mode.DOT1Q_TUNNEL;
        if ((mode == Mode.ACCESS || tunnel) && !trunks.isEmpty()) {
            throw new IllegalArgumentException("a port in mode " + mode + " has one VLAN");
        }
        if (Stream.concat(trunks.stream(), cvlans.stream()).anyMatch(vlan -> vlan < 0 || vlan > MOST)) {
            throw new IllegalArgumentException("VLANs are 0 to " + MOST);
        }
        if ((!tunnel && !cvlans.isEmpty()) || (tpid != C_TAG && !(tunnel && tpid == S_TAG))) {
            throw new IllegalArgumentException("mode " + mode + " with customer VLANs " + cvlans + ", TPID " + tpid);
        }
    }

    /**
     * Creates the VLANs of a port that is not a tunnel.
     *
     * @param mode the mode of the port
     * @param tag the VLAN of an access port, or the native VLAN of a trunk, 1 to {@value #MOST}; 0 in mode {@link Mode#TRUNK}
     * @param trunks the VLANs of a trunk; empty for all
     */
    public PortVlan(Mode mode, int tag, Set<Integer> trunks) {
        this(mode, tag, trunks, Set.of(), C_TAG);
    }

    /**
     * Returns an access port: a port of one VLAN, whose frames have no tags.
     *
     * @param tag the VLAN, 1 to {@value #MOST}
     * @return the VLANs of an access port
     */
    public static PortVlan access(int tag) {
        return new PortVlan(Mode.ACCESS, tag, Set.of());
    }

    /**
     * Returns a trunk whose frames have tags, except in VLAN 0.
     *
     * @param vlans VLAN IDs, 0 to {@value #MOST}; empty for all
     * @return the VLANs of a trunk
     */
    public static PortVlan trunk(Set<Integer> vlans) {
        return new PortVlan(Mode.TRUNK, 0, vlans);
    }

    /**
     * Returns a tunnel: a port whose frames cross the bridge within one VLAN, with any tag or none.
     *
     * @param tag the service VLAN, 1 to {@value #MOST}
     * @param cvlans the customer VLANs, 0 to {@value #MOST}; empty for all
     * @param tpid the EtherType of the service tag, {@link #S_TAG} or {@link #C_TAG}
     * @return the VLANs of a tunnel
     */
    public static PortVlan tunnel(int tag, Set<Integer> cvlans, int tpid) {
        return new PortVlan(Mode.DOT1Q_TUNNEL, tag, Set.of(), cvlans, tpid);
    }

    /**
     * Returns whether the port carries frames of a VLAN.
     *
     * @param vlan VLAN ID, 0 to {@value #MOST}
     * @return true when it is one of the port's VLANs
     */
    public boolean carries(int vlan) {
        return (vlan == tag && mode != Mode.TRUNK) || (!isOfOneVlan() && (trunks.isEmpty() || trunks.contains(vlan)));
    }

    /**
     * Returns whether all frames of the port are in one VLAN and have no tag of this VLAN at the port.
     *
     * @return true for an access port and a tunnel
     */
    public boolean isOfOneVlan() {
        return mode == Mode.ACCESS || mode == Mode.DOT1Q_TUNNEL;
    }

    /**
     * Returns whether the port carries frames with a given inner tag, the tag after that of the VLAN.
     *
     * @param inner the VLAN ID of the inner tag; 0 for none
     * @return true when the port carries them
     */
    public boolean carriesInner(int inner) {
        return switch (mode) {
            case ACCESS -> inner == 0;
            case DOT1Q_TUNNEL -> cvlans.isEmpty() || cvlans.contains(inner);
            case TRUNK, NATIVE_TAGGED, NATIVE_UNTAGGED -> true;
        };
    }

    /**
     * Returns whether frames of a VLAN leave this port with a tag.
     *
     * @param vlan a VLAN that the port carries
     * @return true when they have a tag
     */
    public boolean tags(int vlan) {
        return switch (mode) {
            case ACCESS, DOT1Q_TUNNEL -> false;
            case TRUNK, NATIVE_TAGGED -> vlan != 0;
            case NATIVE_UNTAGGED -> vlan != 0 && vlan != tag;
        };
    }

    /** Returns the VLANs in the syntax of the command-line options; empty for {@link #ALL}. */
    @Override
    public String toString() {
        if (equals(ALL)) {
            return "";
        }
        return switch (mode) {
            case ACCESS -> "tag=" + tag;
            case TRUNK -> list("trunks", trunks).substring(1);
            case NATIVE_TAGGED, NATIVE_UNTAGGED -> "tag=" + tag + list("trunks", trunks) + ",vlan_mode=" + mode;
            case DOT1Q_TUNNEL ->
                "tag=" + tag + list("cvlans", cvlans) + ",vlan_mode=" + mode
                        + (tpid == C_TAG ? ",qinq-ethtype=802.1q" : "");
        };
    }

    private static String list(String name, Set<Integer> vlans) {
        return vlans.isEmpty()
                ? ""
                : new TreeSet<>(vlans)
                        .stream().map(String::valueOf).collect(Collectors.joining(",", "," + name + "=[", "]"));
    }
}
