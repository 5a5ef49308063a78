// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.vhostuser.session.RefusedException;

/**
 * Announces a guest that has migrated to this back-end by a reverse ARP request (RFC 903) with its MAC address, from which bridges learn
 * its new location.
 *
 * <p>Announcements wait until the guest's queues run: until then the guest runs on the source host, and an announcement would divert its
 * frames. QEMU sends the first SEND_RARP even before SET_FEATURES. Used by the device's lane.
 */
final class Announcer {
    /** Maximum number of addresses of one guest that are announced. */
    static final int MOST = 256;

    private static final int BYTES = 60;
    private static final int RARP = 0x8035;
    private static final int REVERSE_REQUEST = 3;

    /**
     * Delays in milliseconds after which the addresses in the migrated device state are announced again, as in QEMU: a frame can be lost or
     * arrive too early.
     */
    private static final long[] AGAIN_MILLIS = {50, 200, 450, 800};

    private final FramePort port;
    private final LaneContext context;
    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, 8);
    private final Frame frame = new Frame();

    /** Addresses of SEND_RARP requests, to be announced as soon as the queues run. */
    private final Set<Long> early = new LinkedHashSet<>();

    /** Addresses from the migrated device state, to be announced as soon as the queues run. */
    private final List<Long> moved = new ArrayList<>();

    private final List<Future<?>> repeats = new ArrayList<>();
    private boolean running;

    /** Creates the announcer of a guest whose queues do not run. */
    Announcer(FramePort port, LaneContext context) {
        this.port = port;
        this.context = context;
    }

    /**
     * Executes SEND_RARP.
     *
     * @throws RefusedException when it is not a unicast address, or the port's rules do not allow it
     */
    void announce(long mac) throws RefusedException {
        if (mac == 0 || MacAddress.isGroup(mac)) {
            throw new RefusedException(MacAddress.text(mac) + " is not a unicast MAC address");
        }
        if (!running) {
            if (early.size() == MOST && !early.contains(mac)) {
                throw new RefusedException(
                        "more than " + MOST + " addresses wait to be announced before the guest's queues run");
            }
            early.add(mac);
        } else if (!send(mac)) {
            throw new RefusedException("the guest's port may not have the address " + MacAddress.text(mac));
        }
    }

    /** Returns whether an announcement is pending. */
    boolean announces() {
        return !early.isEmpty() || !moved.isEmpty() || repeats.stream().anyMatch(each -> !each.isDone());
    }

    /** Takes over the stations of a guest from another back-end. */
    void moved(List<Long> stations) {
        moved.clear();
        moved.addAll(stations);
    }

    /**
     * Sets whether the guest's queues run.
     *
     * @return true when an announcement was made
     */
    boolean running(boolean now) {
        running = now;
        context.running(port, now);
        if (!now) {
            repeats.forEach(each -> each.cancel(false));
            repeats.clear();
            return false;
        }
        boolean some = !early.isEmpty() || !moved.isEmpty();
        early.forEach(this::send);
        early.clear();
        List<Long> arrived = List.copyOf(moved);
        moved.clear();
        arrived.forEach(this::send);
        for (long millis : arrived.isEmpty() ? new long[0] : AGAIN_MILLIS) {
            repeats.add(context.lane.loop().schedule(() -> announceAgain(arrived), millis, TimeUnit.MILLISECONDS));
        }
        return some;
    }

    /** Repeats the announcement of stations, except those that have moved to another port meanwhile. */
    private void announceAgain(List<Long> stations) {
        stations.stream().filter(mac -> context.has(port, mac)).forEach(this::send);
    }

    private boolean send(long mac) {
        memory.fill((byte) 0);
        memory.asSlice(0, 6).fill((byte) 0xff);
        long at = memory.address();
        HostMemory.putShortBE(at + 12, RARP);
        HostMemory.putShortBE(at + 14, 1);
        HostMemory.putShortBE(at + 16, 0x0800);
        HostMemory.putShortBE(at + 18, 0x0604);
        HostMemory.putShortBE(at + 20, REVERSE_REQUEST);
        for (int field : new int[] {6, 22, 32}) {
            HostMemory.putShortBE(at + field, (int) (mac >>> 32));
            HostMemory.putShortBE(at + field + 2, (int) (mac >>> 16));
            HostMemory.putShortBE(at + field + 4, (int) mac);
        }
        frame.clear();
        frame.add(at, BYTES);
        return context.announce(port, frame);
    }
}
