// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.security.SecureRandom;
import org.vhost4j.device.memory.HostMemory;

/**
 * A table of the maximum segment size (RFC 9293, section 3.7.1) that the near end of each TCP connection has announced,
 * for the newest {@value #CONNECTIONS} connections. A connection is identified by 48 bits of a keyed hash of its
 * addresses and ports. Nothing is allocated for a connection.
 */
final class MssTable {
    static final int CONNECTIONS = 1 << 14;

    /** Number of entries for connections whose hash has the same lowest bits. */
    private static final int WAYS = 4;

    private static final int SETS = CONNECTIONS / WAYS;
    private static final long MSS_MASK = 0xffff;

    private final long[] entries = new long[CONNECTIONS];
    private final long secret = new SecureRandom().nextLong();
    private int nextReplaced;

    /**
     * Returns the key of a connection.
     *
     * @param headers headers of a TCP packet of the connection
     * @param near whether the near end sent the packet
     * @return the key, 64 bits
     */
    long connection(PacketHeaders headers, boolean near) {
        boolean ipv4 = headers.ipVersion() == 4;
        int length = ipv4 ? Integer.BYTES : 2 * Long.BYTES;
        long source = headers.address() + headers.networkOffset() + (ipv4 ? 12 : 8);
        long ports = headers.address() + headers.transportOffset();
        int sourcePort = HostMemory.getShortLE(ports);
        int destinationPort = HostMemory.getShortLE(ports + 2);
        long hash = mix(secret ^ (near ? sourcePort << 16 | destinationPort : destinationPort << 16 | sourcePort));
        hash = address(hash, near ? source : source + length, ipv4);
        return address(hash, near ? source + length : source, ipv4);
    }

    private static long address(long hash, long at, boolean ipv4) {
        return ipv4
                ? mix(hash ^ HostMemory.getIntLE(at))
                : mix(mix(hash ^ HostMemory.getLongLE(at)) ^ HostMemory.getLongLE(at + Long.BYTES));
    }

    /** The finalizer of SplitMix64: every bit of the result depends on every bit of the argument. */
    private static long mix(long value) {
        long z = value + 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    /**
     * Stores the segment size that a connection's near end has announced.
     *
     * @param connection key of the connection
     * @param mss segment size in bytes, 1 to 65535
     */
    void put(long connection, int mss) {
        int set = set(connection);
        int place = set + (nextReplaced++ & WAYS - 1);
        for (int i = set; i < set + WAYS; i++) {
            if (((entries[i] ^ connection) & ~MSS_MASK) == 0) {
                place = i;
                break;
            }
            if (entries[i] == 0) {
                place = i;
            }
        }
        entries[place] = (connection & ~MSS_MASK) | mss;
    }

    /**
     * Returns the segment size that a connection's near end has announced.
     *
     * @param connection key of the connection
     * @return size in bytes, 1 to 65535; 0 when the table does not have the connection
     */
    int get(long connection) {
        int set = set(connection);
        for (int i = set; i < set + WAYS; i++) {
            if (((entries[i] ^ connection) & ~MSS_MASK) == 0) {
                return (int) (entries[i] & MSS_MASK);
            }
        }
        return 0;
    }

    private static int set(long connection) {
        return ((int) connection & SETS - 1) * WAYS;
    }
}
