// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.function.LongSupplier;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;

/**
 * When the guest is interrupted for one queue: at once, or, after NOTF_COAL or VQ_NOTF_COAL (virtio 1.4 section 5.1.6.5.9), when enough
 * frames have come together or enough time has gone by. The lane never sleeps on an interrupt: before it does, what is held is raised.
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

    /** Sets what is waited for. */
    void moderate(Moderation wanted) {
        maxPackets = wanted.maxPackets();
        maxNanos = wanted.maxMicros() * NANOS_PER_MICRO;
        raiseHeld();
    }

    /** Buffers were published; {@code wanted} when the driver has asked to be interrupted for one of them. */
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

    /** Raises what is due. */
    void raiseDue() {
        if (held && (enough() || clock.getAsLong() - heldSince >= maxNanos)) {
            raise();
        }
    }

    private boolean enough() {
        return maxPackets != 0 && statistics.packets - packetsAtLast >= maxPackets;
    }

    /** Raises what is held. */
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
