// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

/** The work of the load's worker thread; it is repeated until it is stopped. */
interface Job {
    /** Does a small part of the work; called repeatedly. */
    void step();

    /** Returns the number of steps between two checks for commands. */
    default int steps() {
        return 64;
    }

    /**
     * Completes the work in progress; called repeatedly until it returns true or a time limit is reached.
     *
     * @return true when no work is in progress
     */
    default boolean drained() {
        return true;
    }

    /** Returns the number of frames that guests have sent and the device has used. */
    long sent();

    /** Returns the number of frames that guests have received. */
    long received();

    /** Sets the interval between two operations, in nanoseconds, for jobs that have one; called while no step runs. */
    default void interval(long nanos) {}

    /** Returns the latency figures, in one line, for jobs that measure them; called while no step runs. */
    default String latency() {
        return "none";
    }
}
