// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Where stations are, for each VLAN by itself (independent VLAN learning): one {@link MacTable} for each VLAN in which a frame was heard.
 * A bridge without VLANs has VLAN 0 alone.
 *
 * <p>Shared by the bridges of several lanes. A table is made with the first frame of its VLAN, under a lock; to find it again takes none. A
 * VLAN that an option names has a table of the usual size. One that exists only because a trunk carries all of them has a small one, so that
 * a guest which invents VLANs costs {@value #SMALL_BUCKETS} buckets for each, 32 MiB at most.
 */
final class VlanTables {
    /** Buckets of a VLAN's table that no option names. */
    private static final int SMALL_BUCKETS = 128;

    /** In a station with its VLAN: where the VLAN begins, above the address. */
    private static final int VLAN_SHIFT = 48;

    private static final long ADDRESS = (1L << VLAN_SHIFT) - 1;

    /** VLAN 0, or all frames of a bridge without VLANs. */
    private final MacTable untagged = new MacTable();

    private final AtomicReferenceArray<@Nullable MacTable> tables = new AtomicReferenceArray<>(PortVlan.MOST + 1);

    private final List<Port> ports = new ArrayList<>();

    private static final class Port {
        private final String name;
        private final PortRules rules;
        private boolean running = true;

        private Port(String name, PortRules rules) {
            this.name = name;
            this.rules = rules;
        }
    }

    /** No ports, and no stations. */
    VlanTables() {
        tables.set(0, untagged);
    }

    /** Adds a port, as {@link MacTable#port}. Before frames move. */
    synchronized void port(int number, String name, PortRules rules) {
        if (number == ports.size()) {
            ports.add(new Port(name, rules));
        }
        untagged.port(number, name, rules.vlan().carries(0) ? rules : PortRules.NONE);
    }

    /** The table of VLAN 0, or of a bridge without VLANs. */
    MacTable untagged() {
        return untagged;
    }

    /** The table of a VLAN. */
    MacTable of(int vlan) {
        MacTable table = tables.getAcquire(vlan);
        return table != null ? table : make(vlan);
    }

    private synchronized MacTable make(int vlan) {
        MacTable before = tables.get(vlan);
        if (before != null) {
            return before;
        }
        boolean named = ports.stream().anyMatch(port -> names(port.rules.vlan(), vlan));
        MacTable made = named ? new MacTable() : new MacTable(SMALL_BUCKETS);
        for (int i = 0; i < ports.size(); i++) {
            Port port = ports.get(i);
            made.port(i, port.name, port.rules.vlan().carries(vlan) ? port.rules : PortRules.NONE);
        }
        // Of several ports with one address the one whose guest runs has it.
        for (boolean now : new boolean[] {false, true}) {
            for (int i = 0; i < ports.size(); i++) {
                if (ports.get(i).running == now) {
                    made.running(i, now);
                }
            }
        }
        tables.set(vlan, made);
        return made;
    }

    private static boolean names(PortVlan port, int vlan) {
        return port.tag() == vlan || port.trunks().contains(vlan);
    }

    /** As {@link MacTable#running}, in every VLAN. */
    synchronized void running(int onPort, boolean now) {
        ports.get(onPort).running = now;
        for (int vlan = 0; vlan < tables.length(); vlan++) {
            MacTable table = tables.get(vlan);
            if (table != null) {
                table.running(onPort, now);
            }
        }
    }

    /** As {@link MacTable#forget}, in every VLAN. */
    void forget(int ofPort) {
        for (int vlan = 0; vlan < tables.length(); vlan++) {
            MacTable table = tables.get(vlan);
            if (table != null) {
                table.forget(ofPort);
            }
        }
    }

    /** How many stations there can be now. */
    int capacity() {
        int sum = 0;
        for (int vlan = 0; vlan < tables.length(); vlan++) {
            MacTable table = tables.get(vlan);
            sum += table == null ? 0 : table.capacity();
        }
        return sum;
    }

    /**
     * The stations behind a port.
     *
     * @param most how many are wanted
     * @return so many at most, each an address of 48 bits below the number of its VLAN
     */
    long[] stations(int ofPort, int most) {
        long[] all = new long[most];
        int count = 0;
        for (int vlan = 0; vlan < tables.length() && count < most; vlan++) {
            MacTable table = tables.get(vlan);
            if (table == null) {
                continue;
            }
            long[] some = new long[Math.min(most - count, table.capacity())];
            int found = table.stations(ofPort, some);
            for (int i = 0; i < found; i++) {
                all[count++] = some[i] | ((long) vlan << VLAN_SHIFT);
            }
        }
        return Arrays.copyOf(all, count);
    }

    /** Learns a station with its VLAN, as {@link #stations} has it, as far as the port may have it. */
    void learn(int onPort, long station) {
        int vlan = (int) (station >>> VLAN_SHIFT);
        if (vlan <= PortVlan.MOST && ports.get(onPort).rules.vlan().carries(vlan)) {
            boolean unused = of(vlan).heard(station & ADDRESS, onPort, 0);
        }
    }
}
