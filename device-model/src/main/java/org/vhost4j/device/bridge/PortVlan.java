// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which VLANs a port carries, and which frames have a tag there (IEEE 802.1Q): the modes of Open vSwitch's {@code Port} table. A tag is a
 * C-tag, with EtherType 0x8100; a frame that begins with an S-tag (0x88a8) is untagged here.
 *
 * @param mode what the port is
 * @param tag the VLAN of an access port, or the native VLAN of a trunk, 1 to {@value #MOST}; 0 in mode {@link Mode#TRUNK}
 * @param trunks the VLANs of a trunk, 0 to {@value #MOST}, where 0 stands for untagged frames; empty for all. Empty for an access port
 */
public record PortVlan(Mode mode, int tag, Set<Integer> trunks) {
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
        /** A trunk where frames that come without a tag are in the native VLAN; those that leave have tags all the same. */
        NATIVE_TAGGED,
        /** A trunk where frames of the native VLAN have no tag. */
        NATIVE_UNTAGGED;

        /** The name in options. */
        @Override
        public String toString() {
            return switch (this) {
                case ACCESS -> "access";
                case TRUNK -> "trunk";
                case NATIVE_TAGGED -> "native-tagged";
                case NATIVE_UNTAGGED -> "native-untagged";
            };
        }
    }

    /** Checks the values. */
    public PortVlan {
        trunks = Set.copyOf(trunks);
        if (mode == Mode.TRUNK ? tag != 0 : tag < 1 || tag > MOST) {
            throw new IllegalArgumentException("mode " + mode + " with VLAN " + tag);
        }
        if (mode == Mode.ACCESS && !trunks.isEmpty()) {
            throw new IllegalArgumentException("an access port has one VLAN");
        }
        if (trunks.stream().anyMatch(vlan -> vlan < 0 || vlan > MOST)) {
            throw new IllegalArgumentException("a trunk carries VLANs 0 to " + MOST);
        }
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
     * Whether frames of a VLAN cross this port.
     *
     * @param vlan 0 to {@value #MOST}
     * @return true when it is the port's
     */
    public boolean carries(int vlan) {
        return (vlan == tag && mode != Mode.TRUNK)
                || (mode != Mode.ACCESS && (trunks.isEmpty() || trunks.contains(vlan)));
    }

    /**
     * Whether frames of a VLAN leave this port with a tag.
     *
     * @param vlan one that the port carries
     * @return true when they do
     */
    public boolean tags(int vlan) {
        return switch (mode) {
            case ACCESS -> false;
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
        String list = trunks.isEmpty()
                ? ""
                : new TreeSet<>(trunks)
                        .stream().map(String::valueOf).collect(Collectors.joining(",", ",trunks=[", "]"));
        return switch (mode) {
            case ACCESS -> "tag=" + tag;
            case TRUNK -> list.substring(1);
            case NATIVE_TAGGED, NATIVE_UNTAGGED -> "tag=" + tag + list + ",vlan_mode=" + mode;
        };
    }
}
