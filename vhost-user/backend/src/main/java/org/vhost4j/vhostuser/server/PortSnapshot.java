// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;

/**
 * The counters of a port of a guest or an uplink. They are read one after another while frames are forwarded, so they need not match
 * exactly.
 *
 * @param name name of the port
 * @param kind {@link #GUEST}, or the kind's name in {@code --port}, such as {@code tap}
 * @param vlan VLANs of the port
 * @param since time at which counting began, by the host's clock
 * @param framesIn number of frames that the port sent and that were forwarded
 * @param bytesIn number of bytes of these frames, from the destination MAC address on
 * @param framesOut number of frames that were delivered to the port
 * @param bytesOut number of bytes of these frames, from the destination MAC address on
 * @param drops one entry for each reason, including reasons with a count of 0
 */
public record PortSnapshot(
        String name,
        String kind,
        PortVlan vlan,
        Instant since,
        long framesIn,
        long bytesIn,
        long framesOut,
        long bytesOut,
        List<Drop> drops) {
    /** The kind of a guest's port. */
    public static final String GUEST = "guest";

    /**
     * The number of frames dropped for one reason.
     *
     * @param reason a short name, such as {@code no-buffer}
     * @param meaning the reason as a clause, in which "they" refers to the frames
     * @param incoming true for frames that the port sent, false for frames to the port
     * @param frames the number of frames
     */
    public record Drop(String reason, String meaning, boolean incoming, long frames) {}

    /** Copies the list. */
    public PortSnapshot {
        drops = List.copyOf(drops);
    }

    /**
     * Returns the number of all dropped frames.
     *
     * @return the number in both directions, for all reasons
     */
    public long dropped() {
        return drops.stream().mapToLong(Drop::frames).sum();
    }

    /** Returns a snapshot of a guest's port. */
    static PortSnapshot ofGuest(String name, PortVlan vlan, Counters counters) {
        List<Drop> drops = new ArrayList<>();
        for (Counter counter : Counter.values()) {
            String meaning = dropped(counter);
            if (meaning != null) {
                String word = word(counter);
                drops.add(new Drop(
                        word.substring("tx-".length()), meaning, word.startsWith("tx-"), counters.get(counter)));
            }
        }
        return new PortSnapshot(
                name,
                GUEST,
                vlan,
                counters.since(),
                counters.get(Counter.TX_FRAMES),
                counters.get(Counter.TX_BYTES),
                counters.get(Counter.RX_FRAMES),
                counters.get(Counter.RX_BYTES),
                drops);
    }

    /**
     * Returns the reason if a device counter counts dropped frames, or null for any other counter. The switch has no default, so that a new
     * counter does not compile without a case.
     */
    private static @Nullable String dropped(Counter counter) {
        return switch (counter) {
            case TX_BAD_HEADER -> "their headers are invalid";
            case TX_DISABLED -> "their queue is disabled";
            case TX_BAD_SOURCE -> "their source address is not the guest's";
            case TX_FLOOD_LIMIT -> "they were to be flooded, beyond the limit per second";
            case TX_OUTSIDE_VLANS -> "they are in no VLAN of the port";
            case RX_NOT_READY -> "no receive queue is ready";
            case RX_NO_BUFFER -> "the guest has posted no buffers";
            case RX_TOO_LONG -> "the guest's buffers are too small";
            case RX_FILTERED -> "the guest's receive filter drops them";
            case RX_RATE_LIMIT -> "they exceed the guest's rate limit";
            case TX_FRAMES,
                    TX_BYTES,
                    TX_TCPV4,
                    TX_TCPV6,
                    TX_UDP_L4,
                    TX_PARTIAL_CHECKSUM,
                    STATIONS_MOVED,
                    STATIONS_CLAIMED,
                    STATIONS_FORGOTTEN,
                    RX_FRAMES,
                    RX_BYTES,
                    RX_TCPV4,
                    RX_TCPV6,
                    RX_UDP_L4,
                    INTERRUPTS,
                    CONTROL_OK,
                    CONTROL_REFUSED -> null;
        };
    }

    /** Returns a snapshot of a port that is not a guest's. The kind is the first part of its name. */
    static PortSnapshot ofPort(String name, PortVlan vlan, PortCounters counters) {
        List<Drop> drops = new ArrayList<>();
        for (PortDrop reason : PortDrop.values()) {
            drops.add(new Drop(word(reason), reason.meaning(), reason.isIncoming(), counters.drops(reason)));
        }
        int colon = name.indexOf(':');
        return new PortSnapshot(
                name,
                colon < 0 ? name : name.substring(0, colon),
                vlan,
                counters.since(),
                counters.framesIn(),
                counters.bytesIn(),
                counters.framesOut(),
                counters.bytesOut(),
                drops);
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
