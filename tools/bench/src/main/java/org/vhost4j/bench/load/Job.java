// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

/** What the working thread does as long as it is told to. */
interface Job {
    /** Does a little of it; called over and over. */
    void step();

    /** How many steps are done before orders are looked for. */
    default int steps() {
        return 64;
    }

    /**
     * Ends what is under way; called until it says so, or for a while.
     *
     * @return true when nothing is under way
     */
    default boolean settle() {
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
