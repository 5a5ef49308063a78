// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.capture.FrameTap;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.rate.RateMeter;
import org.vhost4j.device.rate.WireLength;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.device.steering.ReceiveFilter;
import org.vhost4j.device.steering.ReceiveSteering;

/**
 * The path of a frame to the guest (virtio 1.4 section 5.1.6.4): applies the filter, chooses the queue and copies the
 * frame into its buffers. A {@link RingFault} propagates to the device.
 */
final class ReceivePath {
    final ReceiveFilter filter = new ReceiveFilter();
    final ReceiveSteering steering;

    /** The pair that receives the frames of pairs that are not ready. */
    private final int first;

    /** Whether frames wait for buffers, or are dropped for lack of buffers. */
    private boolean full;

    private final DeviceQueues queues;
    private final NetConfigSpace configSpace;
    private final Counters counters;
    private final LongSupplier clock;
    private final WaitBudget forBuffers;
    private final WaitBudget forTranslations;
    /** Whether part of a {@link WaitBudget} is used, or frames wait. */
    private boolean strained;

    /** Copies frames that the guest receives; null while nothing is captured. */
    @Nullable
    FrameTap tap;

    /** Limits the rate of frames that the guest receives; null without a limit. */
    @Nullable
    RateMeter meter;

    private @Nullable RxQueue reserved;
    /** The statistics of the queue that last had no buffers; null when there was no queue. */
    private @Nullable QueueStatistics lacking;

    /**
     * Creates a path without queues.
     *
     * @param queues queues of the device
     * @param steering chooses the queue pair of a frame
     * @param first the pair that receives the frames of pairs that are not ready
     * @param timeouts maximum times for which senders wait for buffers and translations
     * @param clock clock in nanoseconds, from any origin
     */
    ReceivePath(
            DeviceQueues queues,
            ReceiveSteering steering,
            int first,
            NetConfigSpace configSpace,
            Counters counters,
            ReceiveTimeouts timeouts,
            LongSupplier clock) {
        this.queues = queues;
        this.steering = steering;
        this.first = first;
        this.configSpace = configSpace;
        this.counters = counters;
        this.clock = clock;
        this.forBuffers = new WaitBudget(timeouts.forBuffers(), ReceiveTimeouts.FRAMES_FOR_BUFFERS);
        this.forTranslations = new WaitBudget(timeouts.forTranslations(), ReceiveTimeouts.FRAMES_FOR_TRANSLATIONS);
    }

    /** Delivers a frame; see {@link FramePort#deliver}. */
    int deliver(Frame frame) {
        RxQueue queue = queueFor(frame);
        if (queue == null) {
            return withoutQueue(frame);
        }
        if (!filter.promiscuous && !passesFilter(frame)) {
            counters.increment(Counter.RX_FILTERED);
            return FramePort.REFUSED;
        }
        QueueStatistics statistics = queue.interrupt.statistics();
        if (beyondRate()) {
            counters.increment(Counter.RX_RATE_LIMIT);
            statistics.drops++;
            return FramePort.REFUSED;
        }
        return switch (queue.deliver(frame)) {
            case RxQueue.ROOM -> {
                received(statistics, frame, frame.bytes);
                yield FramePort.DELIVERED;
            }
            case RxQueue.EMPTY -> noRoom(statistics);
            default -> {
                counters.increment(Counter.RX_TOO_LONG);
                statistics.drops++;
                yield FramePort.REFUSED;
            }
        };
    }

    private boolean beyondRate() {
        RateMeter limit = meter;
        return limit != null && limit.allowance() <= 0;
    }

    /** Delivers frames of a burst; see {@link FramePort#deliver(FrameBurst, int, int)}. */
    int deliver(FrameBurst frames, int from, int to) {
        int pair = 0;
        int end = to;
        if (!steering.singleQueue()) {
            if (steering.reportsHash()) {
                return 0;
            }
            pair = steering.pairFor(frames, from);
            end = samePair(frames, from, to, pair);
        }
        RxQueue queue = queues.rx[pair];
        if (queue == null || !queue.enabled) {
            return 0;
        }
        RateMeter limit = meter;
        if (limit != null) {
            end = frames.within(from, end, limit.allowance());
        }
        int passing = filter.promiscuous ? end : passingFilter(frames, from, end);
        int done = queue.deliver(frames, from, passing);
        if (done != 0) {
            long bytes = frames.bytes(from, from + done);
            if (strained) {
                relieved(done, bytes);
            }
            queue.interrupt.statistics().moved(done, bytes, frames.partialChecksums(from, from + done));
            counters.add(Counter.RX_FRAMES, done);
            counters.add(Counter.RX_BYTES, bytes);
            if (limit != null) {
                limit.spend(bytes);
            }
            FrameTap copying = tap;
            if (copying != null) {
                copying.inbound(frames, from, from + done);
            }
        }
        return done;
    }

    /** Returns the index after the last frame that is steered to the same pair as the frame at {@code from}. */
    private int samePair(FrameBurst frames, int from, int to, int pair) {
        int end = from + 1;
        while (end < to && steering.pairFor(frames, end) == pair) {
            end++;
        }
        return end;
    }

    /** Returns the index of the first frame that does not pass the filter, or {@code to}. */
    private int passingFilter(FrameBurst frames, int from, int to) {
        int end = from;
        while (end < to && passesFilter(frames.address(end), frames.bytes(end))) {
            end++;
        }
        return end;
    }

    /** Handles a frame for which there is no queue now: the frame waits only if its queue is suspended. */
    private int withoutQueue(Frame frame) {
        if (queues.awaitsRing(pairFor(frame)) || queues.awaitsRing(first)) {
            return awaitTranslation();
        }
        counters.increment(Counter.RX_NOT_READY);
        return FramePort.REFUSED;
    }

    private void received(QueueStatistics statistics, Frame frame, int bytes) {
        if (strained) {
            relieved(1, bytes);
        }
        statistics.received(frame, bytes);
        counters.increment(Counter.RX_FRAMES);
        counters.add(Counter.RX_BYTES, bytes);
        RateMeter limit = meter;
        if (limit != null) {
            limit.spend(WireLength.of(frame, bytes));
        }
        FrameTap copying = tap;
        if (copying != null) {
            copying.inbound(frame, bytes);
        }
        switch (frame.gsoType & ~Frame.GSO_ECN) {
            case Frame.GSO_TCPV4 -> counters.increment(Counter.RX_TCPV4);
            case Frame.GSO_TCPV6 -> counters.increment(Counter.RX_TCPV6);
            case Frame.GSO_UDP_L4 -> counters.increment(Counter.RX_UDP_L4);
            default -> {}
        }
    }

    /**
     * Handles a frame for which there are no buffers. Its sender waits until the budget is used up; after that, frames
     * are dropped until the guest receives frames again.
     */
    private int noRoom(QueueStatistics statistics) {
        long now = clock.getAsLong();
        forTranslations.ended(now);
        return noRoom(forBuffers, now, statistics);
    }

    /**
     * Handles a frame that needs a translation of the ring or of a buffer: as {@link #noRoom}, with the longer budget
     * for translations.
     */
    int awaitTranslation() {
        long now = clock.getAsLong();
        forBuffers.ended(now);
        return noRoom(forTranslations, now, null);
    }

    private int noRoom(WaitBudget budget, long now, @Nullable QueueStatistics statistics) {
        full = true;
        strained = true;
        lacking = statistics;
        if (budget.mayWait(now)) {
            return FramePort.NO_ROOM;
        }
        lost(1);
        return FramePort.REFUSED;
    }

    /** Records that the last frame, for which there was no room, is dropped; see {@link FramePort#dropped}. */
    void dropped() {
        forBuffers.doesNotWait();
        forTranslations.doesNotWait();
        lost(1);
    }

    /** Counts frames that were dropped without being offered; see {@link FramePort#lost}. */
    void lost(int frames) {
        counters.add(Counter.RX_NO_BUFFER, frames);
        QueueStatistics statistics = lacking;
        if (statistics != null) {
            statistics.drops += frames;
            statistics.dropsOfItsKind += frames;
        }
    }

    /** Restores the budgets, because the guest has received frames. */
    private void relieved(int frames, long bytes) {
        long now = clock.getAsLong();
        full = false;
        forBuffers.ended(now);
        forTranslations.ended(now);
        forBuffers.earn(frames, bytes);
        forTranslations.earn(frames, bytes);
        strained = !forBuffers.whole() || !forTranslations.whole();
    }

    /**
     * Returns whether frames lack buffers, so that the driver must notify the device when it makes more buffers
     * available. This does not depend on the budgets, which stay when rings are started again.
     */
    boolean lacksBuffers() {
        return full;
    }

    private int pairFor(Frame frame) {
        return steering.singleQueue() ? 0 : steering.pairFor(frame);
    }

    private @Nullable RxQueue queueFor(Frame frame) {
        int pair = pairFor(frame);
        RxQueue queue = queues.rx[pair];
        if (queue != null && queue.enabled) {
            return queue;
        }
        RxQueue other = queues.rx[first];
        return other != null && other.enabled && !queues.awaitsRing(pair) ? other : null;
    }

    private boolean passesFilter(Frame frame) {
        return passesFilter(frame.address[0], frame.length[0]);
    }

    private boolean passesFilter(long at, int length) {
        if (length < Frame.ETHERNET_HEADER + 2) {
            return true;
        }
        return filter.passes(
                HostMemory.getLongBE(at) >>> 16,
                HostMemory.getShortBE(at + 12),
                HostMemory.getShortBE(at + 14),
                configSpace.mac());
    }

    /** Reserves buffers for a frame whose contents are not known yet; see {@link LandingPort#reserve}. */
    boolean reserve(Frame landing, int atLeast) {
        // Steering and filter need the contents of the frame: the first pair is used, without a filter.
        RxQueue queue = queues.rx[0];
        if (queue == null || !queue.enabled || !steering.singleQueue() || !filter.promiscuous || beyondRate()) {
            return false;
        }
        if (queue.reserve(landing, atLeast) != RxQueue.ROOM) {
            return false;
        }
        reserved = queue;
        return true;
    }

    /** Reserves buffers for a frame in memory; see {@link LandingPort#reserve(Frame, Frame)}. */
    boolean reserve(Frame landing, Frame frame) {
        RxQueue queue = queueFor(frame);
        if (queue == null
                || (!filter.promiscuous && !passesFilter(frame))
                || beyondRate()
                || queue.reserve(landing, frame.bytes) != RxQueue.ROOM) {
            return false;
        }
        reserved = queue;
        return true;
    }

    /** Extends a reservation; see {@link LandingPort#extend}. */
    boolean extend(Frame landing, int atLeast) {
        RxQueue queue = reserved;
        return queue != null && queue.extend(landing, atLeast);
    }

    /** Returns whether a reservation waits for its commit. */
    boolean hasReservation() {
        return reserved != null;
    }

    /**
     * Puts the buffers of a reservation back into the ring, because its owner does not commit it: a fault interrupted
     * the owner, or the link went down.
     */
    void releaseReservation() {
        RxQueue queue = reserved;
        if (queue != null) {
            reserved = null;
            queue.discard();
        }
    }

    /** Ends a reservation; see {@link LandingPort#commit}. */
    void commit(Frame landing, int bytes) {
        RxQueue queue = reserved;
        reserved = null;
        if (queue == null) {
            // A fault has released the reservation since then.
            return;
        }
        queue.commit(landing, bytes);
        if (bytes != 0) {
            received(queue.interrupt.statistics(), landing, bytes);
        }
    }

    /** Forgets a reservation, because its queue has failed. */
    void abandon() {
        reserved = null;
    }
}
