// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

/** The work of the load's thread, until it is stopped. */
interface Job {
    /** Does a little of it; called over and over. */
    void step();

    /** Number of steps between two looks for commands. */
    default int steps() {
        return 64;
    }

    /**
     * Completes what is in progress; called until it returns true, or a time limit is reached.
     *
     * @return true when nothing is in progress
     */
    default boolean drained() {
        return true;
    }

    /** Frames that guests have sent and the device has used. */
    long sent();

    /** Frames that guests have received. */
    long received();

    /** Works at another pace from now on, where there is one; said while nothing is done. */
    default void interval(long nanos) {}

    /** What was measured besides frames, in one line; asked while nothing is done. */
    default String latency() {
        return "none";
    }
}
