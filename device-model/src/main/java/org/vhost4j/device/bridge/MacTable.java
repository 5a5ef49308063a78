// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.security.SecureRandom;
import java.util.Arrays;
import org.vhost4j.device.frame.MacAddress;

/**
 * Maps stations to ports: a hash table with buckets of {@value #WAYS} entries. It has twice as many entries as the
 * ports may have stations. The hash has a random secret, so that no guest can fill a chosen bucket.
 *
 * <p>In a full bucket, a new station replaces a station of another port that has more entries in the bucket than the
 * new station's port would have; otherwise it replaces a station of its own port. When there is neither, the station is
 * not stored, and frames for it are flooded. Therefore a guest that sends from many forged addresses cannot evict all
 * stations of another port, and uses no more memory.
 *
 * <p>The bridges of several lanes may share a table: a station that one of them learns is known to all. An entry is one
 * 64-bit word that is read and replaced atomically; lookups take no lock. The reads for each frame are plain reads:
 * every turn of a lane contains a native call, and the compiler keeps no value in a register across such a call.
 */
final class MacTable {
    static final int WAYS = 8;

    private static final int LEAST_BUCKETS = 1024;
    private static final int PORT_BITS = 16;
    private static final int PORT_MASK = (1 << (PORT_BITS - 2)) - 1;

    /**
     * Flag in an entry: the station is the port's own address, {@link PortRules#mac}. See {@link #keeps} for when it
     * may move.
     */
    private static final int FIXED = 1 << (PORT_BITS - 1);

    /** Flag in an entry of an uplink: the station is the own address of another port whose guest does not run. */
    private static final int LENT = 1 << (PORT_BITS - 2);

    private static final int RESERVED = FIXED | LENT;

    /** Value of an empty entry in {@link #entries}. */
    private static final long NONE = 0;

    /** Value in {@link #last} for no station; a station has 48 bits. */
    private static final long NO_STATION = -1;

    private static final VarHandle SLOT =
            MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();

    private final long secret = new SecureRandom().nextLong() | 1;

    /** The entries: the station in the high bits, then the flags, then the number of its port plus 1. */
    private long[] entries;

    /**
     * For each entry, the time of the last {@link #mark} before its station was last seen; 0 for never. Inexact when
     * two lanes write at the same time.
     */
    private long[] lastSeen;

    /** The time of the last {@link #mark}. */
    private volatile long now;

    private int shift;

    /** The number of buckets of a table that does not grow with its ports; 0 for one that does. */
    private final int fixedBuckets;

    /** The state of each port, by its number. */
    private Port[] ports = new Port[0];

    /**
     * The source of each port's last frame, a cache: while the table has the source's entry, there is nothing to learn.
     * Written by the port's lane, and by a lane that replaces the entry.
     */
    private long[] last = new long[0];

    /** The state of a port. Its stations change under its lock. */
    private static final class Port {
        /** The state of an unused number. */
        private static final Port NONE = new Port("no port", PortRules.NONE);

        private final String name;
        private final PortRules rules;

        /**
         * The learned stations, if their number is limited: a circular list whose oldest element is at {@link #oldest}.
         */
        private long[] learned = {};

        private int oldest;
        private int count;

        /** Whether the guest of this port accepts frames. Read by the lanes of other ports. */
        private volatile boolean running = true;

        /** Counter that rotates the start of the search in a full bucket. */
        private int nextReplaced;

        private Port(String name, PortRules rules) {
            this.name = name;
            this.rules = rules;
        }

        /** Copies a port with changed rules and the same stations. */
        private Port(Port before, PortRules rules) {
            this(before.name, rules);
            running = before.running;
            if (rules.stations() == before.rules.stations()) {
                learned = before.learned;
                oldest = before.oldest;
                count = before.count;
            }
        }

        /** Returns whether a station is this port's own address and its guest runs. */
        private boolean hasItself(long station) {
            return rules.mac() == station && running;
        }
    }

    /** Creates a table without stations and ports, which grows with the ports. */
    MacTable() {
        this(LEAST_BUCKETS, 0);
    }

    /**
     * Creates a table of a fixed size, without stations and ports.
     *
     * @param buckets number of buckets, a power of two
     */
    MacTable(int buckets) {
        this(buckets, buckets);
    }

    private MacTable(int buckets, int fixedBuckets) {
        this.fixedBuckets = fixedBuckets;
        entries = new long[buckets * WAYS];
        lastSeen = new long[entries.length];
        shift = Long.numberOfLeadingZeros(buckets) + 1;
    }

    /**
     * Sets the time that is stored for stations seen from now on. Any thread may call it; the caller serializes the
     * calls. Only the next frame of each port after this call updates times, so that the other frames cost nothing
     * more.
     *
     * @param time the time, of any origin and unit, not 0
     */
    void mark(long time) {
        now = time;
        for (int i = 0; i < last.length; i++) {
            SLOT.setOpaque(last, i, NO_STATION);
        }
    }

    /**
     * Returns when a station was last seen: the time of the last {@link #mark} before that frame. Returns 0 for a
     * station that is unknown or was not seen since the first mark.
     */
    long lastSeen(long station) {
        int at = slotOf(station);
        return at < 0 ? 0 : (long) SLOT.getOpaque(lastSeen, at);
    }

    /** Returns the maximum number of stations that the table holds. */
    int capacity() {
        return entries.length;
    }

    /**
     * Adds a port before the bridge forwards frames. Does nothing when the bridge of another lane has added the port
     * already. Several ports may have the same own address: a guest that migrates between them runs at one of them at a
     * time.
     *
     * @param number the next unused number, from 0, or an existing one
     */
    void port(int number, String name, PortRules rules) {
        if (number < ports.length) {
            return;
        }
        if (number >= PORT_MASK) {
            throw new IllegalArgumentException("a bridge has at most " + PORT_MASK + " ports");
        }
        ports = Arrays.copyOf(ports, number + 1);
        ports[number] = new Port(name, rules);
        last = Arrays.copyOf(last, number + 1);
        last[number] = NO_STATION;
        long[] fixed =
                Arrays.stream(entries).filter(entry -> (entry & FIXED) != 0).toArray();
        int buckets = fixedBuckets == 0 ? LEAST_BUCKETS : fixedBuckets;
        while (fixedBuckets == 0 && buckets * WAYS < 2 * ports.length * PortRules.STATIONS) {
            buckets *= 2;
        }
        entries = new long[buckets * WAYS];
        lastSeen = new long[entries.length];
        shift = Long.numberOfLeadingZeros(buckets) + 1;
        for (long entry : fixed) {
            fix(entry);
        }
        if (rules.mac() != PortRules.NO_MAC && find(rules.mac()) < 0) {
            fix(entry(rules.mac(), number) | FIXED);
        }
    }

    /**
     * Adds a port while the bridge forwards frames. The table keeps its size, and has no station of the port until
     * {@link #enterOwnAddress}. Any thread may call it; the caller serializes the calls.
     *
     * @param number number of a port that was released, or the next unused one
     * @throws IllegalStateException when there are too many ports
     */
    void place(int number, String name, PortRules rules) {
        if (number >= PORT_MASK) {
            throw new IllegalStateException("a bridge has at most " + PORT_MASK + " ports");
        }
        if (number >= ports.length) {
            // Other lanes may still write to the previous array. Such a write is only a cached hint; losing it costs a
            // lookup.
            long[] more = new long[number + 1];
            Arrays.fill(more, NO_STATION);
            Port[] all = Arrays.copyOf(ports, number + 1);
            Arrays.fill(all, ports.length, all.length, Port.NONE);
            all[number] = new Port(name, rules);
            // Lanes read both arrays meanwhile, so the new ones are filled before a lane can see them.
            VarHandle.releaseFence();
            last = more;
            ports = all;
        } else {
            ports[number] = new Port(name, rules);
        }
    }

    /**
     * Enters the port's own address, {@link PortRules#mac}, after all bridges have the port. Called by the port's lane.
     *
     * @param number number of a port that was {@linkplain #place placed}, or whose rules have {@linkplain #change
     *     changed}
     */
    void enterOwnAddress(int number) {
        for (int i = 0; i < last.length; i++) {
            // A value that was set while another lane still had the previous array could be wrong.
            SLOT.setOpaque(last, i, NO_STATION);
        }
        Port port = ports[number];
        if (port.rules.mac() == PortRules.NO_MAC) {
            return;
        }
        long own = entry(port.rules.mac(), number) | FIXED;
        long before;
        int at;
        do {
            at = placeOfOwn(port.rules.mac());
            before = at < 0 ? NONE : (long) SLOT.getOpaque(entries, at);
            if (at < 0 || (before & RESERVED) != 0) {
                // Another port has the same address, or the bucket is full of own addresses: the port gets the entry
                // when its guest runs.
                break;
            }
        } while (!replace(at, before, own));
        if (port.running) {
            running(number, true);
        }
    }

    /**
     * Returns the index of the entry for an own address: the station's entry, or else one that it may replace; -1 when
     * there is none.
     */
    private int placeOfOwn(long station) {
        int found = slotOf(station);
        int first = bucket(station);
        for (int i = first; found < 0 && i < first + WAYS; i++) {
            if ((long) SLOT.getOpaque(entries, i) == NONE) {
                found = i;
            }
        }
        for (int i = first; found < 0 && i < first + WAYS; i++) {
            if (((long) SLOT.getOpaque(entries, i) & RESERVED) == 0) {
                found = i;
            }
        }
        return found;
    }

    /**
     * Removes a port and its stations, after all bridges have removed the port. Any thread may call it; the caller
     * serializes the calls.
     */
    void release(int number) {
        Port before = ports[number];
        ports[number] = Port.NONE;
        disown(number, before.rules.mac());
    }

    /**
     * Changes the rules of a port. Its stations stay unless the rules change the address or the VLANs. Called by the
     * port's lane.
     *
     * @return true when {@link #enterOwnAddress} must be called afterwards
     */
    boolean change(int number, PortRules rules) {
        Port before = ports[number];
        boolean others = rules.mac() != before.rules.mac() || !rules.vlan().equals(before.rules.vlan());
        synchronized (before) {
            Port after = new Port(before, rules);
            if (others) {
                after.count = 0;
            }
            ports[number] = after;
        }
        if (others) {
            disown(number, before.rules.mac());
        }
        return others;
    }

    /** Removes all stations of a port, and the entry of its own address at any other port. */
    private void disown(int number, long own) {
        for (int i = 0; i < entries.length; i++) {
            long entry = (long) SLOT.getOpaque(entries, i);
            if (entry == NONE) {
                continue;
            }
            long station = entry >>> PORT_BITS;
            if (portOf(entry) == number) {
                long after = (entry & RESERVED) == 0 ? NONE : returned(station);
                boolean unused = SLOT.compareAndSet(entries, i, entry, after);
            } else if (station == own && (entry & LENT) != 0 && returned(station) == NONE) {
                boolean unused = SLOT.compareAndSet(entries, i, entry, entry & ~(long) LENT);
            }
        }
        SLOT.setOpaque(last, number, NO_STATION);
    }

    private void fix(long entry) {
        int first = bucket(entry >>> PORT_BITS);
        for (int i = first; i < first + WAYS; i++) {
            if (entries[i] == NONE) {
                entries[i] = entry;
                return;
            }
        }
        throw new IllegalStateException("more than " + WAYS + " fixed stations in one bucket");
    }

    /** Returns the port of a station, or -1 when it is unknown or forgotten. */
    int find(long station) {
        int first = bucket(station);
        for (int i = first; i < first + WAYS; i++) {
            long entry = entries[i];
            if (entry >>> PORT_BITS == station && entry != NONE) {
                return portOf(entry);
            }
        }
        return -1;
    }

    /**
     * Learns the source station of frames that a port has received. Called by the port's lane.
     *
     * @return whether the frames may be forwarded
     */
    boolean heard(long station, int onPort, int frames) {
        return last[onPort] == station || learn(station, onPort, frames);
    }

    private void heard(int at) {
        long time = now;
        if ((long) SLOT.getOpaque(lastSeen, at) != time) {
            SLOT.setOpaque(lastSeen, at, time);
        }
    }

    private boolean learn(long station, int onPort, int frames) {
        Port port = ports[onPort];
        if (MacAddress.isGroup(station) || (port.rules.onlyMac() && station != port.rules.mac())) {
            port.rules.watch().refused(station, frames);
            return false;
        }
        while (true) {
            int at = slotOf(station);
            long before = at < 0 ? NONE : (long) SLOT.getOpaque(entries, at);
            if (at >= 0 && before >>> PORT_BITS != station) {
                // Another lane has replaced the entry meanwhile.
                continue;
            }
            if (before == NONE) {
                return remember(station, onPort, port);
            }
            int other = portOf(before);
            if (other == onPort) {
                SLOT.setOpaque(last, onPort, station);
                heard(at);
                // Another lane may be moving the station at the same time. Each lane stores one value and then reads
                // the other's: with the fence, at least one of them sees the other's store.
                VarHandle.fullFence();
                return (long) SLOT.getOpaque(entries, at) == before || retry(station, onPort, frames);
            }
            if (keeps(before, ports[other], station, port)) {
                port.rules.watch().refused(station, frames);
                return false;
            }
            if (replace(at, before, moved(before, station, onPort))) {
                heard(at);
                if ((before & RESERVED) == 0) {
                    list(station, port, onPort);
                }
                if (ports[other].running) {
                    ports[other].rules.watch().lost(station);
                }
                port.rules.watch().moved(station, ports[other].name);
                return true;
            }
        }
    }

    /**
     * Returns whether a station stays at its port although a frame from it arrived on another port. A port's own
     * address never moves to another guest. It moves to an uplink, as do the stations of {@link
     * PortRules#keepsStations}, only while the port's guest does not run: the guest has migrated to another host, or
     * has not arrived from there yet. Of two ports with the same own address, the one whose guest runs has it.
     */
    private static boolean keeps(long entry, Port at, long station, Port heardBy) {
        if (station == heardBy.rules.mac()) {
            return at.hasItself(station);
        }
        boolean uplink = heardBy.rules.uplink();
        if ((entry & FIXED) != 0) {
            return !uplink || at.running;
        }
        if ((entry & LENT) != 0 && !uplink) {
            return true;
        }
        return at.rules.keepsStations() && (!uplink || at.running);
    }

    /** Returns the new entry of a station that has moved. */
    private long moved(long before, long station, int onPort) {
        long plain = entry(station, onPort);
        if (station == ports[onPort].rules.mac()) {
            return plain | FIXED;
        }
        return (before & RESERVED) == 0 ? plain : plain | LENT;
    }

    /**
     * Sets whether the guest of a port accepts frames; initially it does. Called by the port's lane. When the guest
     * begins to run, the port gets its own address back, unless another port with that address has a running guest.
     */
    void running(int onPort, boolean now) {
        Port port = ports[onPort];
        port.running = now;
        long station = port.rules.mac();
        if (!now || station == PortRules.NO_MAC) {
            return;
        }
        long own = entry(station, onPort) | FIXED;
        while (true) {
            int at = placeOfOwn(station);
            long before = at < 0 ? NONE : (long) SLOT.getOpaque(entries, at);
            if (at < 0 || before == own) {
                return;
            }
            boolean known = before != NONE && before >>> PORT_BITS == station;
            if (!known && (before & RESERVED) != 0) {
                // Another lane has replaced the entry meanwhile.
                continue;
            }
            if (known && ports[portOf(before)].hasItself(station)) {
                port.rules.watch().taken(station, ports[portOf(before)].name);
                return;
            }
            if (replace(at, before, own)) {
                if (known && portOf(before) != onPort) {
                    port.rules.watch().moved(station, ports[portOf(before)].name);
                }
                return;
            }
        }
    }

    /**
     * Returns the station that was learned first behind a port, or {@link PortRules#NO_MAC}. Called by the port's lane.
     */
    long eldest(int ofPort) {
        Port port = ports[ofPort];
        for (int i = 0; i < port.count; i++) {
            long station = port.learned[(port.oldest + i) % port.learned.length];
            if (find(station) == ofPort) {
                return station;
            }
        }
        long[] any = new long[1];
        return stations(ofPort, any) == 0 ? PortRules.NO_MAC : any[0];
    }

    /** Stores the stations behind a port in an array, as many as fit. Called by the port's lane. */
    int stations(int ofPort, long[] into) {
        int count = 0;
        for (int i = 0; i < entries.length && count < into.length; i++) {
            long entry = (long) SLOT.getOpaque(entries, i);
            if (entry != NONE && portOf(entry) == ofPort) {
                into[count++] = entry >>> PORT_BITS;
            }
        }
        return count;
    }

    private boolean retry(long station, int onPort, int frames) {
        SLOT.setOpaque(last, onPort, NO_STATION);
        return learn(station, onPort, frames);
    }

    /**
     * Stores a new station if an entry is free or replaceable. Always returns true: the frame may be forwarded in any
     * case. Runs under the port's lock, because a port can have frames on several lanes, which could otherwise store a
     * station twice or exceed the port's limit.
     */
    private boolean remember(long station, int onPort, Port port) {
        synchronized (port) {
            if (slotOf(station) >= 0 || port != ports[onPort]) {
                // Another lane has learned the station, or the rules have changed: this is checked with the next frame.
                return true;
            }
            list(station, port, onPort);
            int first = bucket(station);
            int at = place(first, onPort, port);
            while (at >= 0) {
                long before = (long) SLOT.getOpaque(entries, at);
                if (!replaceable(before, first, onPort)) {
                    at = place(first, onPort, port);
                } else if (replace(at, before, entry(station, onPort))) {
                    heard(at);
                    return true;
                }
            }
            return true;
        }
    }

    /**
     * Replaces an entry, and resets the {@link #last} source of the port that loses its entry, so that the port learns
     * its station again.
     */
    private boolean replace(int at, long before, long after) {
        int onPort = portOf(after);
        // Stored before the entry, because a thread that removes the entry reads it afterwards.
        SLOT.setOpaque(last, onPort, after >>> PORT_BITS);
        if (!SLOT.compareAndSet(entries, at, before, after)) {
            SLOT.setOpaque(last, onPort, NO_STATION);
            return false;
        }
        if (before >>> PORT_BITS != after >>> PORT_BITS) {
            SLOT.setOpaque(lastSeen, at, 0L);
        }
        if (before != NONE && portOf(before) != onPort) {
            // The other port learns the station again with its next frame.
            boolean unused = SLOT.compareAndSet(last, portOf(before), before >>> PORT_BITS, NO_STATION);
        }
        return true;
    }

    /** Returns the index of a station's entry, or -1. */
    private int slotOf(long station) {
        int first = bucket(station);
        for (int i = first; i < first + WAYS; i++) {
            long entry = (long) SLOT.getOpaque(entries, i);
            if (entry >>> PORT_BITS == station && entry != NONE) {
                return i;
            }
        }
        return -1;
    }

    /** Returns the index of the entry in a bucket that a port may replace, or -1. */
    private int place(int first, int onPort, Port port) {
        int own = -1;
        int others = -1;
        for (int i = 0; i < WAYS; i++) {
            int at = first + (i + port.nextReplaced & WAYS - 1);
            long entry = (long) SLOT.getOpaque(entries, at);
            if (entry == NONE) {
                return at;
            }
            if (replaceable(entry, first, onPort)) {
                if (portOf(entry) == onPort) {
                    own = at;
                } else {
                    others = at;
                }
            }
        }
        port.nextReplaced++;
        return others >= 0 ? others : own;
    }

    /** Returns whether an entry may be replaced by one of this port. */
    private boolean replaceable(long entry, int first, int forPort) {
        if (entry == NONE) {
            return true;
        }
        if ((entry & RESERVED) != 0) {
            return false;
        }
        return portOf(entry) == forPort || inBucket(first, portOf(entry)) > 1 + inBucket(first, forPort);
    }

    /** Returns how many entries of a bucket belong to a port. */
    private int inBucket(int first, int port) {
        int count = 0;
        for (int i = first; i < first + WAYS; i++) {
            long entry = (long) SLOT.getOpaque(entries, i);
            count += entry != NONE && portOf(entry) == port ? 1 : 0;
        }
        return count;
    }

    /**
     * Adds a station to the list of a port whose number of stations is limited; it replaces the oldest when the list is
     * full.
     */
    private void list(long station, Port port, int onPort) {
        if (port.rules.stations() != PortRules.UNLIMITED) {
            synchronized (port) {
                listLimited(station, port, onPort);
            }
        }
    }

    private void listLimited(long station, Port port, int onPort) {
        int most = port.rules.stations();
        if (port.learned.length == 0) {
            // Allocated on first use, because most ports are never seen in most VLANs.
            port.learned = new long[most];
        }
        for (int i = 0; i < port.count; i++) {
            if (port.learned[(port.oldest + i) % most] == station) {
                return;
            }
        }
        if (port.count == most) {
            long oldest = port.learned[port.oldest];
            port.oldest = (port.oldest + 1) % most;
            port.count--;
            int at = slotOf(oldest);
            if (at >= 0 && SLOT.compareAndSet(entries, at, entry(oldest, onPort), NONE)) {
                port.rules.watch().forgotten(oldest);
            }
        }
        port.learned[(port.oldest + port.count) % most] = station;
        port.count++;
    }

    /** Forgets every station that was learned behind a port. Called by the port's lane. */
    void forget(int ofPort) {
        for (int i = 0; i < entries.length; i++) {
            long entry = (long) SLOT.getOpaque(entries, i);
            if (entry != NONE && portOf(entry) == ofPort && (entry & FIXED) == 0) {
                long after = (entry & LENT) == 0 ? NONE : returned(entry >>> PORT_BITS);
                boolean unused = SLOT.compareAndSet(entries, i, entry, after);
            }
        }
        Port port = ports[ofPort];
        synchronized (port) {
            port.count = 0;
        }
        SLOT.setOpaque(last, ofPort, NO_STATION);
    }

    /** Returns the entry for an own address that moves from an uplink back to its own port. */
    private long returned(long station) {
        long one = NONE;
        for (int i = 0; i < ports.length; i++) {
            if (ports[i].rules.mac() == station && (one == NONE || ports[i].running)) {
                one = entry(station, i) | FIXED;
            }
        }
        return one;
    }

    private static long entry(long station, int port) {
        return station << PORT_BITS | port + 1;
    }

    private static int portOf(long entry) {
        return ((int) entry & PORT_MASK) - 1;
    }

    /** Returns the index of the first entry of a station's bucket. */
    private int bucket(long station) {
        long mixed = station * secret;
        return (int) (((mixed ^ (mixed >>> 29)) * 0x9e3779b97f4a7c15L) >>> shift) * WAYS;
    }
}
