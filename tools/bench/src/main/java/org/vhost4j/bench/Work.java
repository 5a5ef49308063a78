// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

/**
 * The work of a back-end.
 *
 * @param kind the processing of frames
 * @param frameBytes length in bytes of the frames that it generates
 * @param guests number of guests
 * @param queues number of queue pairs of each guest
 */
record Work(Kind kind, int frameBytes, int guests, int queues) {
    /** The processing of frames. */
    enum Kind {
        /** Drops the frames that guests send. */
        DROP("rxonly"),
        /** Sends frames to guests as fast as they receive them. */
        SOURCE("txonly"),
        /** Forwards each guest's frames to the other guests. */
        BRIDGE("io"),
        /** Returns each frame with the MAC addresses swapped. */
        ECHO("macswap");

        private final String forwardMode;

        Kind(String forwardMode) {
            this.forwardMode = forwardMode;
        }

        /** Returns the name of dpdk-testpmd's forwarding mode. */
        String forwardMode() {
            return forwardMode;
        }
    }

    static Work of(Kind kind) {
        return new Work(kind, 64, kind == Kind.BRIDGE ? 2 : 1, 1);
    }

    static Work source(int frameBytes) {
        return new Work(Kind.SOURCE, frameBytes, 1, 1);
    }

    Work guests(int number) {
        return new Work(kind, frameBytes, number, queues);
    }

    Work queues(int pairs) {
        return new Work(kind, frameBytes, guests, pairs);
    }
}
