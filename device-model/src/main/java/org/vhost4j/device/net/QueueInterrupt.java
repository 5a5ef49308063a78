// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.function.LongSupplier;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;

/**
 * Raises the interrupts of one queue: immediately, or, with NOTF_COAL or VQ_NOTF_COAL (virtio 1.4 section 5.1.6.5.9),
 * after the number of frames or the time that the driver has set. Delayed interrupts are raised before the lane sleeps.
 */
final class QueueInterrupt {
    private static final long NANOS_PER_MICRO = 1000;

    private final QueueStatistics statistics;
    private final Counters counters;
    private final LongSupplier clock;
    private GuestNotifier notifier;
    private long maxPackets;
    private long maxNanos;
    private boolean held;
    private long heldSince;
    private long packetsAtLast;

    QueueInterrupt(GuestNotifier notifier, QueueStatistics statistics, Counters counters, LongSupplier clock) {
        this.notifier = notifier;
        this.statistics = statistics;
        this.counters = counters;
        this.clock = clock;
        this.packetsAtLast = statistics.packets;
    }

    QueueStatistics statistics() {
        return statistics;
    }

    void notifier(GuestNotifier replacement) {
        notifier = replacement;
    }

    /** Sets the notification coalescing. */
    void moderate(Moderation wanted) {
        maxPackets = wanted.maxPackets();
        maxNanos = wanted.maxMicros() * NANOS_PER_MICRO;
        raiseHeld();
    }

    /**
     * Records that used chains were published; {@code wanted} is true when the driver has requested an interrupt for
     * one of them.
     */
    void published(boolean wanted) {
        if (maxNanos == 0) {
            if (wanted) {
                raise();
            }
            return;
        }
        if (wanted && !held) {
            held = true;
            heldSince = clock.getAsLong();
        }
        raiseDue();
    }

    /** Raises the interrupt if it is due. */
    void raiseDue() {
        if (held && (enough() || clock.getAsLong() - heldSince >= maxNanos)) {
            raise();
        }
    }

    private boolean enough() {
        return maxPackets != 0 && statistics.packets - packetsAtLast >= maxPackets;
    }

    /** Raises the interrupt if it is delayed. */
    void raiseHeld() {
        if (held) {
            raise();
        }
    }

    private void raise() {
        held = false;
        packetsAtLast = statistics.packets;
        statistics.interrupts++;
        counters.increment(Counter.INTERRUPTS);
        notifier.signal();
    }
}
