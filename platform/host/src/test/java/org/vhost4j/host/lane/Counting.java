// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import org.vhost4j.device.Pollable;
import org.vhost4j.sys.Await;

/** A pollable whose results a test sets, and which counts the calls. */
class Counting implements Pollable {
    final AtomicLong polls = new AtomicLong();
    final AtomicLong arms = new AtomicLong();
    final AtomicLong disarms = new AtomicLong();
    final CompletableFuture<String> fault = new CompletableFuture<>();
    private final String name;
    private final IntSupplier work;

    Counting(String name, IntSupplier work) {
        this.name = name;
        this.work = work;
    }

    /** Waits until the lane has polled this so many more times. */
    void awaitPolls(long more) {
        long goal = polls.get() + more;
        Await.until(
                () -> name + " was polled " + polls.get() + " times, not " + goal,
                Await.PATIENCE,
                () -> polls.get() >= goal);
    }

    /** Waits until the lane has armed this so many times in all. */
    void awaitArms(long goal) {
        Await.until(
                () -> name + " was armed " + arms.get() + " times, not " + goal,
                Await.PATIENCE,
                () -> arms.get() >= goal);
    }

    String awaitFault() throws Exception {
        return fault.get(60, TimeUnit.SECONDS);
    }

    @Override
    public int poll() {
        polls.incrementAndGet();
        return work.getAsInt();
    }

    @Override
    public boolean arm() {
        arms.incrementAndGet();
        return false;
    }

    @Override
    public void disarm() {
        disarms.incrementAndGet();
    }

    @Override
    public void fault(String reason) {
        fault.complete(reason);
    }

    @Override
    public String name() {
        return name;
    }
}
