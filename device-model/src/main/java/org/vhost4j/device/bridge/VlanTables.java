// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The stations of each VLAN (independent VLAN learning): one {@link MacTable} for each VLAN in which a frame was seen.
 * A bridge without VLANs uses only the table of VLAN 0.
 *
 * <p>Shared by the bridges of several lanes. A table is created for the first frame of its VLAN, under a lock; later
 * look-ups take no lock. A VLAN that an option names has a table of the usual size; a VLAN that exists only because a
 * trunk carries all VLANs has a small one. When there are many tables, all further VLANs share one table, so that a
 * sender that uses many VLANs cannot fill the heap. A station learned in one of these VLANs is known in all of them,
 * but {@link VlanSwitch#route} delivers nothing to a port outside the frame's VLAN.
 */
final class VlanTables {
    /** Stands for all VLANs that share a table. */
    private static final int ALL = -1;

    /** Number of buckets in the table of a VLAN that no option names. */
    private static final int SMALL_BUCKETS = 128;

    /** Maximum number of entries, of 8 bytes each, in all tables of VLANs above 0. */
    private static final int MOST_ENTRIES = 1 << 20;

    /** Maximum total number of ports in these tables: a table uses some 600 bytes for each port. */
    private static final int MOST_PORTS = 1 << 13;

    /** Position of the lowest bit of the VLAN ID in a station with its VLAN: above the address. */
    private static final int VLAN_SHIFT = 48;

    private static final long ADDRESS = (1L << VLAN_SHIFT) - 1;

    /** The table of VLAN 0, or of a bridge without VLANs. */
    private final MacTable untagged = new MacTable();

    private final AtomicReferenceArray<@Nullable MacTable> tables = new AtomicReferenceArray<>(PortVlan.MOST + 1);

    private final List<Port> ports = new ArrayList<>();

    /** The table of the VLANs that share one. */
    private volatile @Nullable MacTable shared;

    /** The time of the last {@link MacTable#mark}. */
    private long now;

    private int entriesMade;
    private int portsMade;

    /** The VLANs of the ports, including ports that were added at run time; null while no port has VLANs. */
    private volatile @Nullable VlanSwitch switching;

    private static final class Port {
        private final String name;
        private final PortRules rules;
        private boolean running = true;
        private boolean gone;
        private @Nullable FloodLimit floods;

        private Port(String name, PortRules rules) {
            this.name = name;
            this.rules = rules;
        }
    }

    /** Creates tables without ports and stations. */
    VlanTables() {
        tables.set(0, untagged);
    }

    /** Adds a port, as {@link MacTable#port}, before the bridge forwards frames. */
    synchronized void port(int number, String name, PortRules rules) {
        if (number == ports.size()) {
            ports.add(new Port(name, rules));
        }
        untagged.port(number, name, rules.vlan().carries(0) ? rules : PortRules.NONE);
    }

    /**
     * Returns the flood limit of a port that was added or changed, the same for all lanes.
     *
     * @param rules the port's rules
     * @return the limit; null for none
     */
    synchronized @Nullable FloodLimit floods(int number, PortRules rules, LongSupplier clock) {
        if (rules.floodsPerSecond() == PortRules.UNLIMITED) {
            return null;
        }
        Port port = ports.get(number);
        FloodLimit limit = port.floods;
        if (limit == null) {
            limit = new FloodLimit(rules.floodsPerSecond(), clock);
            port.floods = limit;
        }
        return limit;
    }

    /**
     * Adds a port while the bridge forwards frames, as {@link MacTable#place}. Any thread may call it.
     *
     * @return the port's number: that of a removed port, or the next unused one
     */
    synchronized int place(String name, PortRules rules) {
        int number = 0;
        while (number < ports.size() && !ports.get(number).gone) {
            number++;
        }
        int chosen = number;
        each((vlan, table) -> table.place(chosen, name, carries(rules, vlan) ? rules : PortRules.NONE));
        if (number == ports.size()) {
            ports.add(new Port(name, rules));
        } else {
            ports.set(number, new Port(name, rules));
        }
        switching = newSwitching();
        return number;
    }

    /** Calls {@link MacTable#enterOwnAddress} in every VLAN. */
    synchronized void enterOwnAddress(int number) {
        each((vlan, table) -> table.enterOwnAddress(number));
    }

    /** Calls {@link MacTable#release} in every VLAN. The port number is free afterwards. */
    synchronized void release(int number) {
        Port gone = new Port("no port", PortRules.NONE);
        gone.gone = true;
        ports.set(number, gone);
        each((vlan, table) -> table.release(number));
        switching = newSwitching();
    }

    /**
     * Changes the rules of a port, as {@link MacTable#change}. Called by the port's lane.
     *
     * @return true when {@link #enterOwnAddress} must be called after all bridges have the new rules
     */
    synchronized boolean change(int number, PortRules rules) {
        Port before = ports.get(number);
        Port after = new Port(before.name, rules);
        after.running = before.running;
        ports.set(number, after);
        boolean[] others = {false};
        each((vlan, table) -> others[0] |= table.change(number, carries(rules, vlan) ? rules : PortRules.NONE));
        switching = newSwitching();
        return others[0];
    }

    private static boolean carries(PortRules rules, int vlan) {
        return vlan == ALL || rules.vlan().carries(vlan);
    }

    private @Nullable VlanSwitch newSwitching() {
        if (ports.stream().allMatch(port -> port.rules.vlan().equals(PortVlan.ALL))) {
            return null;
        }
        VlanSwitch made = new VlanSwitch();
        for (Port port : ports) {
            if (port.gone) {
                made.skip();
            } else {
                made.add(port.rules.vlan());
            }
        }
        return made;
    }

    /**
     * Returns the VLANs of the current ports, as of the last port that was added, changed or released; null while no
     * port has VLANs.
     */
    @Nullable
    VlanSwitch switching() {
        return switching;
    }

    /** Returns the table of VLAN 0, or of a bridge without VLANs. */
    MacTable untagged() {
        return untagged;
    }

    /** Returns the table of a VLAN. */
    MacTable of(int vlan) {
        MacTable table = tables.getAcquire(vlan);
        return table != null ? table : make(vlan);
    }

    private synchronized MacTable make(int vlan) {
        MacTable before = tables.get(vlan);
        if (before != null) {
            return before;
        }
        MacTable table = shared;
        if (table == null) {
            if (entriesMade < MOST_ENTRIES && portsMade < MOST_PORTS) {
                boolean named = ports.stream().anyMatch(port -> names(port.rules.vlan(), vlan));
                // A small table has no room for the own addresses of many ports.
                boolean large = named || ports.size() > SMALL_BUCKETS / 8;
                table = withPorts(large ? new MacTable() : new MacTable(SMALL_BUCKETS), vlan);
                entriesMade += table.capacity();
                portsMade += ports.size();
            } else {
                table = withPorts(new MacTable(), ALL);
                shared = table;
            }
        }
        tables.set(vlan, table);
        return table;
    }

    /** Calls {@link MacTable#mark} in every VLAN. */
    synchronized void mark(long time) {
        now = time;
        each((vlan, table) -> table.mark(time));
    }

    /** Returns {@link MacTable#lastSeen} of a station with its VLAN, as in {@link #stations}. */
    long lastSeen(long station) {
        MacTable table = tables.getAcquire((int) (station >>> VLAN_SHIFT));
        return table == null ? 0 : table.lastSeen(station & ADDRESS);
    }

    /** Adds all ports to a table; those that carry its VLAN are added with their rules. */
    private MacTable withPorts(MacTable made, int vlan) {
        made.mark(now);
        for (int i = 0; i < ports.size(); i++) {
            Port port = ports.get(i);
            boolean carries = vlan == ALL || port.rules.vlan().carries(vlan);
            made.port(i, port.name, carries ? port.rules : PortRules.NONE);
        }
        // Of several ports with one address the one whose guest runs has it.
        for (boolean now : new boolean[] {false, true}) {
            for (int i = 0; i < ports.size(); i++) {
                if (ports.get(i).running == now) {
                    made.running(i, now);
                }
            }
        }
        return made;
    }

    private static boolean names(PortVlan port, int vlan) {
        return port.tag() == vlan || port.trunks().contains(vlan);
    }

    /** Calls {@link MacTable#running} in every VLAN. */
    synchronized void running(int onPort, boolean now) {
        ports.get(onPort).running = now;
        each((vlan, table) -> table.running(onPort, now));
    }

    /** Visits each table once, with its VLAN, or {@link #ALL} for the shared table. */
    private void each(Visitor visitor) {
        MacTable common = shared;
        for (int vlan = 0; vlan < tables.length(); vlan++) {
            MacTable table = tables.get(vlan);
            if (table != null && table != common) {
                visitor.visit(vlan, table);
            }
        }
        if (common != null) {
            visitor.visit(ALL, common);
        }
    }

    @FunctionalInterface
    private interface Visitor {
        void visit(int vlan, MacTable table);
    }

    /** Calls {@link MacTable#forget} in every VLAN. */
    void forget(int ofPort) {
        each((vlan, table) -> table.forget(ofPort));
    }

    /** Returns the maximum number of stations in all current tables. */
    int capacity() {
        int[] sum = {0};
        each((vlan, table) -> sum[0] += table.capacity());
        return sum[0];
    }

    /**
     * Returns the stations behind a port, except those of VLANs that share a table: these are learned again.
     *
     * @param most the maximum number of stations to return
     * @return at most {@code most} stations, the address in the low 48 bits, the VLAN ID above
     */
    long[] stations(int ofPort, int most) {
        // Sized by the present number of stations, because the possible number is much larger with many VLANs.
        long[] all = new long[0];
        int count = 0;
        for (int vlan = 0; vlan < tables.length() && count < most; vlan++) {
            MacTable table = tables.get(vlan);
            if (table == null || table == shared) {
                continue;
            }
            long[] some = new long[Math.min(most - count, table.capacity())];
            int found = table.stations(ofPort, some);
            if (count + found > all.length) {
                all = Arrays.copyOf(all, Math.max(2 * all.length, count + found));
            }
            for (int i = 0; i < found; i++) {
                all[count++] = some[i] | ((long) vlan << VLAN_SHIFT);
            }
        }
        return Arrays.copyOf(all, count);
    }

    /** Learns a station with its VLAN, as in {@link #stations}, if the port's rules allow it. */
    void learn(int onPort, long station) {
        int vlan = (int) (station >>> VLAN_SHIFT);
        if (vlan <= PortVlan.MOST && ports.get(onPort).rules.vlan().carries(vlan)) {
            boolean unused = of(vlan).heard(station & ADDRESS, onPort, 0);
        }
    }
}
