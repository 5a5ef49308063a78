// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.Arrays;

/**
 * Which port a station is behind: {@value #BUCKETS} buckets of {@value #WAYS} entries. A full bucket forgets its oldest
 * entry, so a guest that invents addresses costs others a flooded frame and never memory.
 */
final class MacTable {
    private static final int BUCKETS = 1024;
    private static final int WAYS = 4;

    private final long[] mac = new long[BUCKETS * WAYS];
    private final int[] port = new int[BUCKETS * WAYS];
    private final byte[] oldest = new byte[BUCKETS];

    MacTable() {
        Arrays.fill(port, -1);
    }

    /** The port of a station, or -1 when it was never heard or is forgotten. */
    int find(long station) {
        int first = bucket(station) * WAYS;
        for (int i = first; i < first + WAYS; i++) {
            if (mac[i] == station && port[i] >= 0) {
                return port[i];
            }
        }
        return -1;
    }

    /** A station was heard on a port. */
    void learn(long station, int onPort) {
        int bucket = bucket(station);
        int first = bucket * WAYS;
        for (int i = first; i < first + WAYS; i++) {
            if (mac[i] == station) {
                port[i] = onPort;
                return;
            }
        }
        int way = oldest[bucket];
        oldest[bucket] = (byte) ((way + 1) % WAYS);
        mac[first + way] = station;
        port[first + way] = onPort;
    }

    /** Forgets every station behind a port. */
    void forget(int ofPort) {
        for (int i = 0; i < port.length; i++) {
            if (port[i] == ofPort) {
                port[i] = -1;
            }
        }
    }

    private static int bucket(long station) {
        return (int) ((station * 0x9e3779b97f4a7c15L) >>> 54);
    }
}
