// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that the incomplete messages of all clients may use in total. One message may be as large as QEMU allows, but several clients
 * together must not exhaust the heap of a program that serves guests. Any thread may call.
 */
public final class MemoryBudget {
    private final AtomicLong left;

    /**
     * Creates a budget.
     *
     * @param bytes the size of the budget in bytes
     */
    public MemoryBudget(long bytes) {
        left = new AtomicLong(bytes);
    }

    /**
     * Creates a budget of a quarter of the heap.
     *
     * @return the budget for this process
     */
    public static MemoryBudget ofHeap() {
        return new MemoryBudget(Runtime.getRuntime().maxMemory() / 4);
    }

    /** Reserves a number of bytes. Returns false, and reserves nothing, when fewer bytes remain. */
    boolean take(long bytes) {
        if (left.addAndGet(-bytes) >= 0) {
            return true;
        }
        left.addAndGet(bytes);
        return false;
    }

    void release(long bytes) {
        left.addAndGet(bytes);
    }

    /** Returns the remaining number of bytes. */
    long left() {
        return left.get();
    }
}
