// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.bridge.PortVlan;

/**
 * {@code tag=VLAN}, {@code trunks=VLAN|[VLAN,FIRST-LAST,…]}, {@code vlan_mode=MODE}, {@code cvlans=VLANS} and {@code qinq-ethtype=TYPE} of
 * {@code --socket-path} and {@code --port}, as in Open vSwitch's {@code Port} table (ovs-vswitchd.conf.db(5)). Without a mode a port with a
 * tag is an access port, and one with trunks a trunk.
 */
final class VlanOptions {
    /** The keys. */
    static final List<String> KEYS = List.of("tag", "trunks", "vlan_mode", "cvlans", "qinq-ethtype");

    private static final String CUSTOMERS = "cvlans";
    private static final String TYPE = "qinq-ethtype";

    /** The values of {@code qinq-ethtype}. */
    static final List<String> TYPES = List.of("802.1ad", "802.1q");

    private VlanOptions() {}

    /**
     * Parses the VLANs.
     *
     * @param option the whole option, for messages
     * @param values values by key; other keys are ignored
     * @return the VLANs; empty when none of the keys is present
     * @throws IllegalArgumentException when they are invalid; the message is for the user
     */
    static Optional<PortVlan> read(String option, Map<String, String> values) {
        Map<String, String> own = new LinkedHashMap<>(values);
        own.keySet().retainAll(KEYS);
        if (own.isEmpty()) {
            return Optional.empty();
        }
        String tag = own.get("tag");
        String trunks = own.get("trunks");
        PortVlan.Mode mode = mode(option, own.getOrDefault("vlan_mode", tag != null ? "access" : "trunk"));
        if (mode == PortVlan.Mode.TRUNK ? tag != null : tag == null) {
            throw new IllegalArgumentException(option + ": vlan_mode=" + mode
                    + (tag == null ? " needs tag=VLAN" : " has no tag, its VLANs are trunks=[VLAN,…]"));
        }
        boolean tunnel = mode == PortVlan.Mode.DOT1Q_TUNNEL;
        if (tunnel && trunks != null) {
            throw new IllegalArgumentException(
                    option + ": vlan_mode=" + mode + " has no trunks, its customers' VLANs are cvlans=[VLAN,…]");
        }
        if (mode == PortVlan.Mode.ACCESS && trunks != null) {
            throw new IllegalArgumentException(option
                    + ": a port with tag=VLAN is an access port and has no trunks; vlan_mode=native-tagged or"
                    + " vlan_mode=native-untagged makes it a trunk");
        }
        for (String key : List.of(CUSTOMERS, TYPE)) {
            if (!tunnel && own.containsKey(key)) {
                throw new IllegalArgumentException(option + ": " + key + " is for vlan_mode=dot1q-tunnel");
            }
        }
        int vlan = tag == null ? 0 : number(option, "tag", tag, 1);
        return Optional.of(
                tunnel
                        ? PortVlan.tunnel(
                                vlan,
                                vlans(option, CUSTOMERS, own.getOrDefault(CUSTOMERS, "")),
                                tpid(option, own.getOrDefault(TYPE, TYPES.getFirst())))
                        : new PortVlan(mode, vlan, vlans(option, "trunks", trunks == null ? "" : trunks)));
    }

    private static int tpid(String option, String type) {
        return switch (TYPES.indexOf(type)) {
            case 0 -> PortVlan.S_TAG;
            case 1 -> PortVlan.C_TAG;
            default ->
                throw new IllegalArgumentException(
                        option + ": " + TYPE + " is " + String.join(" or ", TYPES) + ", not '" + type + "'");
        };
    }

    private static PortVlan.Mode mode(String option, String name) {
        for (PortVlan.Mode mode : PortVlan.Mode.values()) {
            if (mode.toString().equals(name)) {
                return mode;
            }
        }
        throw new IllegalArgumentException(option
                + ": vlan_mode is access, trunk, native-tagged, native-untagged or dot1q-tunnel, not '" + name + "'");
    }

    private static Set<Integer> vlans(String option, String key, String text) {
        Set<Integer> vlans = new HashSet<>();
        String list = text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
        for (String range : list.isEmpty() ? new String[0] : list.split(",", -1)) {
            int dash = range.indexOf('-');
            int first = number(option, key, dash < 0 ? range : range.substring(0, dash), 0);
            int last = dash < 0 ? first : number(option, key, range.substring(dash + 1), 0);
            if (last < first) {
                throw new IllegalArgumentException(option + ": " + key + ": " + range + " ends before it begins");
            }
            for (int vlan = first; vlan <= last; vlan++) {
                vlans.add(vlan);
            }
        }
        return vlans;
    }

    private static int number(String option, String key, String text, int least) {
        if (!text.matches("[0-9]{1,4}") || Integer.parseInt(text) < least || Integer.parseInt(text) > PortVlan.MOST) {
            throw new IllegalArgumentException(
                    option + ": " + key + ": '" + text + "' is not a VLAN, " + least + " to " + PortVlan.MOST);
        }
        return Integer.parseInt(text);
    }
}
