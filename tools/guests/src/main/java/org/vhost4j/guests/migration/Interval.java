// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.util.HashMap;
import java.util.Map;
import org.vhost4j.guests.lab.GuestFailure;

/**
 * The observations of {@code tools/lab/stream.c} between two marks.
 *
 * @param sent the number of datagrams sent
 * @param lost the number of these datagrams that had not returned one second after the second mark
 * @param doubled the number of datagrams that returned more than once
 * @param damaged the number of datagrams that returned with changed contents
 * @param gapMicros the longest time in which no datagram returned, in microseconds
 * @param tcpBytes the number of bytes that returned over TCP
 * @param tcpDamaged the number of these bytes that differ from the bytes sent
 * @param tcpBroken whether the TCP connection ended, 0 or 1
 * @param tcpGapMicros the longest time in which no byte returned, in microseconds
 */
public record Interval(
        long sent,
        long lost,
        long doubled,
        long damaged,
        long gapMicros,
        long tcpBytes,
        long tcpDamaged,
        long tcpBroken,
        long tcpGapMicros) {
    static Interval parse(String line) {
        Map<String, Long> values = new HashMap<>();
        for (String pair : line.split(" ", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                values.put(pair.substring(0, equals), Long.parseLong(pair.substring(equals + 1)));
            }
        }
        return new Interval(
                number(values, "sent", line),
                number(values, "lost", line),
                number(values, "doubled", line),
                number(values, "damaged", line),
                number(values, "gap_us", line),
                number(values, "tcp_bytes", line),
                number(values, "tcp_damaged", line),
                number(values, "tcp_broken", line),
                number(values, "tcp_gap_us", line));
    }

    private static long number(Map<String, Long> values, String key, String line) {
        Long value = values.get(key);
        if (value == null) {
            throw new GuestFailure("the stream does not report " + key + ": " + line);
        }
        return value;
    }

    /** Returns this interval and the next one combined. */
    Interval and(Interval next) {
        return new Interval(
                sent + next.sent,
                lost + next.lost,
                doubled + next.doubled,
                damaged + next.damaged,
                Math.max(gapMicros, next.gapMicros),
                tcpBytes + next.tcpBytes,
                tcpDamaged + next.tcpDamaged,
                tcpBroken + next.tcpBroken,
                Math.max(tcpGapMicros, next.tcpGapMicros));
    }
}
