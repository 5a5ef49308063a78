// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which VLANs a port carries, and which frames have a tag there (IEEE 802.1Q): the modes of Open vSwitch's {@code Port} table. A tag has
 * EtherType {@link #C_TAG} or {@link #S_TAG}; the outermost one says which VLAN a frame is in.
 *
 * @param mode what the port is
 * @param tag the VLAN of an access port, the native VLAN of a trunk, or the service VLAN of a tunnel, 1 to {@value #MOST}; 0 in mode
 *     {@link Mode#TRUNK}
 * @param trunks the VLANs of a trunk, 0 to {@value #MOST}, where 0 stands for untagged frames; empty for all. Empty for other ports
 * @param cvlans the customer VLANs of a tunnel, 0 to {@value #MOST}, where 0 stands for frames without a tag; empty for all. Empty for
 *     other ports
 * @param tpid the EtherType of the service tag that a tunnel puts in: {@link #S_TAG} or {@link #C_TAG}; the latter for other ports
 */
public record PortVlan(Mode mode, int tag, Set<Integer> trunks, Set<Integer> cvlans, int tpid) {
    /** EtherType of a customer's tag (C-tag), the usual one. */
    public static final int C_TAG = 0x8100;

    /** EtherType of a service tag (S-tag, IEEE 802.1ad). */
    public static final int S_TAG = 0x88a8;

    /** The highest VLAN ID; 4095 is reserved. */
    public static final int MOST = 4094;

    /** A trunk of all VLANs, native VLAN 0: what a port is without options. */
    public static final PortVlan ALL = new PortVlan(Mode.TRUNK, 0, Set.of());

    /** What a port is. */
    public enum Mode {
        /** Frames have no tag and are in one VLAN. What comes with a tag is dropped, except with VLAN ID 0, which is a priority alone. */
        ACCESS,
        /** Frames of VLAN 0 have no tag, all others have one. */
        TRUNK,
        /** A trunk where frames that come without a tag are in the native VLAN; those that leave have tags anyway. */
        NATIVE_TAGGED,
        /** A trunk where frames of the native VLAN have no tag. */
        NATIVE_UNTAGGED,
        /**
         * Frames are in one VLAN, the service VLAN, with whatever tag they have (QinQ, IEEE 802.1ad): within the bridge and on trunks the
         * service tag stands in front of it, at this port it is taken off.
         */
        DOT1Q_TUNNEL;

        /** The name in options. */
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
     * A port that is no tunnel.
     *
     * @param mode what the port is
     * @param tag the VLAN of an access port, or the native VLAN of a trunk, 1 to {@value #MOST}; 0 in mode {@link Mode#TRUNK}
     * @param trunks the VLANs of a trunk; empty for all
     */
    public PortVlan(Mode mode, int tag, Set<Integer> trunks) {
        this(mode, tag, trunks, Set.of(), C_TAG);
    }

    /**
     * A port of one VLAN, whose frames have no tags.
     *
     * @param tag the VLAN, 1 to {@value #MOST}
     * @return an access port
     */
    public static PortVlan access(int tag) {
        return new PortVlan(Mode.ACCESS, tag, Set.of());
    }

    /**
     * A trunk whose frames have tags, except in VLAN 0.
     *
     * @param vlans 0 to {@value #MOST}; empty for all
     * @return a trunk
     */
    public static PortVlan trunk(Set<Integer> vlans) {
        return new PortVlan(Mode.TRUNK, 0, vlans);
    }

    /**
     * A port whose frames cross the bridge within one VLAN, whatever tag they have.
     *
     * @param tag the service VLAN, 1 to {@value #MOST}
     * @param cvlans the customer VLANs, 0 to {@value #MOST}; empty for all
     * @param tpid the EtherType of the service tag, {@link #S_TAG} or {@link #C_TAG}
     * @return a tunnel
     */
    public static PortVlan tunnel(int tag, Set<Integer> cvlans, int tpid) {
        return new PortVlan(Mode.DOT1Q_TUNNEL, tag, Set.of(), cvlans, tpid);
    }

    /**
     * Whether frames of a VLAN cross this port.
     *
     * @param vlan 0 to {@value #MOST}
     * @return true when it is the port's
     */
    public boolean carries(int vlan) {
        return (vlan == tag && mode != Mode.TRUNK) || (!isOfOneVlan() && (trunks.isEmpty() || trunks.contains(vlan)));
    }

    /**
     * Whether all frames of the port are in one VLAN, whose tag they do not have here.
     *
     * @return true for an access port and a tunnel
     */
    public boolean isOfOneVlan() {
        return mode == Mode.ACCESS || mode == Mode.DOT1Q_TUNNEL;
    }

    /**
     * Whether frames of the port's VLANs cross this port when they have another tag after that of the VLAN.
     *
     * @param inner the VLAN ID of the other tag; 0 for none
     * @return true when they do
     */
    public boolean carriesInner(int inner) {
        return switch (mode) {
            case ACCESS -> inner == 0;
            case DOT1Q_TUNNEL -> cvlans.isEmpty() || cvlans.contains(inner);
            case TRUNK, NATIVE_TAGGED, NATIVE_UNTAGGED -> true;
        };
    }

    /**
     * Whether frames of a VLAN leave this port with a tag.
     *
     * @param vlan one that the port carries
     * @return true when they do
     */
    public boolean tags(int vlan) {
        return switch (mode) {
            case ACCESS, DOT1Q_TUNNEL -> false;
            case TRUNK, NATIVE_TAGGED -> vlan != 0;
            case NATIVE_UNTAGGED -> vlan != 0 && vlan != tag;
        };
    }

    /** In the words of the options; empty for {@link #ALL}. */
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
