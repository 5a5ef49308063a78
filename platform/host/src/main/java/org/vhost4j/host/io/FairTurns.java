// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;
import org.vhost4j.device.Budget;

/**
 * What peers of a loop cause with their messages and connections, within one budget for each turn of the loop. Those that have work queue
 * up; each does a slice and, when it has more, goes to the end of the queue. So none waits for more than a slice of each other one, and a
 * turn takes no longer because there are many of them, or because one of them sends as fast as it can.
 */
final class FairTurns implements SelectStrategy {
    private final SelectStrategy next;
    private final Budget budget;
    private final Consumer<Runnable> guarded;
    private final Queue<Runnable> waiting = new ArrayDeque<>();

    /**
     * Creates turns in which no work waits.
     *
     * @param next determines what the loop does in the rest of the turn
     * @param budget limit for the work in each turn
     * @param guarded runs a slice of work and catches everything that it throws
     */
    FairTurns(SelectStrategy next, Budget budget, Consumer<Runnable> guarded) {
        this.next = next;
        this.budget = budget;
        this.guarded = guarded;
    }

    /**
     * Puts a slice at the end of the queue, where it must not be yet.
     *
     * @param slice one share of work, bounded by {@link #budget} and by itself
     */
    void enqueue(Runnable slice) {
        waiting.add(slice);
    }

    /** Returns the remaining budget of this turn, for a slice that has begun. */
    Budget budget() {
        return budget;
    }

    @Override
    public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
        boolean any = !waiting.isEmpty();
        if (any) {
            budget.begin();
            // Who comes during this has its turn later, except that it fills what others leave of the budget.
            for (Runnable slice = waiting.poll(); slice != null; slice = budget.remains() ? waiting.poll() : null) {
                guarded.accept(slice);
            }
        }
        // A loop with work must not sleep, and what was done can have made some.
        return next.calculateStrategy(selectNow, hasTasks || any);
    }
}
