// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

/**
 * What a back-end is to do.
 *
 * @param kind with frames
 * @param frameBytes size of the frames that it makes itself
 * @param guests how many it serves
 * @param queues queue pairs of each
 */
record Work(Kind kind, int frameBytes, int guests, int queues) {
    /** What it does with frames. */
    enum Kind {
        /** Drops the frames that guests send. */
        DROP("rxonly"),
        /** Sends to guests as fast as they take it. */
        SOURCE("txonly"),
        /** Passes each guest's frames to the other guests. */
        BRIDGE("io"),
        /** Returns each frame with the MAC addresses swapped. */
        ECHO("macswap");

        private final String forwardMode;

        Kind(String forwardMode) {
            this.forwardMode = forwardMode;
        }

        /** What dpdk-testpmd calls it. */
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
