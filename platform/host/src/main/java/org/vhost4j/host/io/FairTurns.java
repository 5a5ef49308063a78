// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;
import org.vhost4j.device.Budget;

/**
 * Schedules the work that a loop's peers cause with messages and connections (round robin), within a budget for each turn of the loop.
 * Peers with work are in a queue. Each gets one slice and, when it has more work, goes to the end of the queue. Therefore a peer waits for
 * at most one slice of each other peer. The length of a turn depends neither on the number of peers nor on how fast they send.
 */
final class FairTurns implements SelectStrategy {
    private final SelectStrategy next;
    private final Budget budget;
    private final Consumer<Runnable> guarded;
    private final Queue<Runnable> waiting = new ArrayDeque<>();

    /**
     * Creates a scheduler with an empty queue.
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
     * Adds a slice to the end of the queue; it must not be in the queue yet.
     *
     * @param slice one slice of a peer's work, which limits itself and also respects {@link #budget}
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
            // Slices that are added meanwhile run in a later turn, or in this one if budget remains.
            for (Runnable slice = waiting.poll(); slice != null; slice = budget.remains() ? waiting.poll() : null) {
                guarded.accept(slice);
            }
        }
        // A loop with work must not sleep, and the slices may have queued more.
        return next.calculateStrategy(selectNow, hasTasks || any);
    }
}
