// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.capture.FrameTap;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.IotlbMiss;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.rate.RateMeter;
import org.vhost4j.device.rate.WireLength;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.device.steering.ReceiveSteering;

/**
 * The path of a frame from the guest (virtio 1.4 section 5.1.6.2): checks its header, forwards it to the sink, and
 * marks its chain as used. A frame for which the receiver has no room stays parked in its queue.
 */
final class SendPath {
    /** Maximum number of frames that one queue may send in one turn. */
    static final int BURST = 64;

    /**
     * Number of bytes after which a queue's turn ends. A turn of super-frames thus takes about as long as a turn of
     * plain frames, so that a queue that sends super-frames does not delay the other queues of the lane for longer.
     */
    static final int TURN_BYTES = 192 << 10;

    /**
     * Time in nanoseconds after which a queue's turn ends if it sends super-frames, which may be segmented or copied to
     * many ports. Turns of other frames are limited by their bytes.
     */
    static final long TURN_NANOS = 100_000;

    /** Number of single frames other than super-frames after which the clock is read again; a power of two. */
    private static final int FRAMES_PER_LOOK = 16;

    private final FramePort device;
    private final FrameSink sink;
    private final OffloadEngine engine;
    private final DriverFeatures driver;
    private final ReceiveSteering steering;
    private final Counters counters;
    private final LongSupplier clock;

    /** Number of bytes that the current queue has sent in this turn. */
    private long turnBytes;

    /** Whether the clock was read in this turn. */
    private boolean turnTimed;

    /** Time at which the clock was first read in this turn. */
    private long turnSince;

    /** Copies frames that the guest sends; null while nothing is captured. */
    @Nullable
    FrameTap tap;

    /** Limits the rate of frames that the guest sends; null without a limit. */
    @Nullable
    RateMeter meter;

    /**
     * Creates a path for all queues of a device.
     *
     * @param steering learns the pair on which the guest sends the frames of a flow
     * @param clock clock in nanoseconds, from any origin
     */
    SendPath(
            FramePort device,
            FrameSink sink,
            OffloadEngine engine,
            DriverFeatures driver,
            ReceiveSteering steering,
            Counters counters,
            LongSupplier clock) {
        this.device = device;
        this.sink = sink;
        this.engine = engine;
        this.driver = driver;
        this.steering = steering;
        this.counters = counters;
        this.clock = clock;
    }

    /**
     * Sends the available frames of a queue.
     *
     * @param queue a queue that runs
     * @param pair the queue's pair
     * @param linkUp whether frames are forwarded; otherwise they are dropped
     * @return the number of chains and parked frames processed; the used chains are not published yet
     */
    int send(TxQueue queue, int pair, boolean linkUp) {
        int work = 0;
        queue.recover();
        boolean open = linkUp && queue.enabled;
        if (queue.parked) {
            work++;
            if (!open) {
                discarded(queue);
            } else if (sink.forward(device, queue.frame) == FramePort.NO_ROOM) {
                // Some of the frame's segments may have been delivered. They must be published, because the receiver
                // may make no further buffers available before.
                sink.flush();
                return work;
            } else {
                sent(queue);
            }
        }
        turnBytes = 0;
        turnTimed = false;
        while (work < BURST && turnBytes < TURN_BYTES) {
            RateMeter limit = meter;
            long allowance = limit == null || !open ? TURN_BYTES : limit.allowance();
            if (allowance <= 0) {
                // The available frames wait in the ring.
                break;
            }
            int together = open ? sendBurst(queue, pair, BURST - work, Math.min(allowance, TURN_BYTES - turnBytes)) : 0;
            if (together != 0) {
                work += together;
                continue;
            }
            int next = next(queue);
            if (next == TxQueue.EMPTY) {
                break;
            }
            work++;
            if (next == TxQueue.BAD_LENGTH) {
                malformed(queue);
            } else if (!open) {
                discarded(queue);
            } else if (engine.check(queue.frame, driver.hostOffloads()) != null) {
                malformed(queue);
                queue.done();
            } else {
                // Learned before the frame is forwarded, because the reply may arrive immediately.
                steering.learn(queue.frame, pair);
                queue.queue.recordTaken();
                FrameTap copying = tap;
                if (copying != null) {
                    queue.again = copying.outbound(queue.frame, queue.again);
                }
                if (sink.forward(device, queue.frame) == FramePort.NO_ROOM) {
                    queue.parked = true;
                    break;
                }
                boolean over = isOver(queue.superFrame || (work & FRAMES_PER_LOOK - 1) == 0);
                sent(queue);
                if (over) {
                    break;
                }
            }
        }
        if (work != 0) {
            sink.flush();
        }
        return work;
    }

    /**
     * Sends a burst of frames while the next ones are plain. Returns the number of frames sent; 0 when the next frame
     * must be sent alone, or there is none.
     *
     * <p>This is separate from the path of a single frame. ChainBenchmark.plain (split ring) measured 49 ns for a frame
     * of 64 bytes and 84 ns for one of 1500; with single frames only it measured 94 ns and 112 ns.
     */
    private int sendBurst(TxQueue queue, int pair, int most, long allowance) {
        FrameBurst frames = queue.burst;
        int available = burst(queue, most);
        if (available == 0) {
            return 0;
        }
        long offered = frames.bytes(0, available);
        int count = available;
        if (offered >= allowance) {
            count = frames.within(0, available, allowance);
            if (count < available) {
                queue.shorten(count);
            }
        }
        steering.learn(frames, pair);
        queue.queue.recordTaken();
        FrameTap copying = tap;
        if (copying != null) {
            queue.again = copying.outbound(frames, queue.again);
        }
        int done = sink.forward(device, frames);
        if (copying != null) {
            queue.again += count - done;
        }
        if (done != 0) {
            long bytes = done == available ? offered : frames.bytes(0, done);
            int partial = frames.partialChecksums(0, done);
            turnBytes += bytes;
            RateMeter limit = meter;
            if (limit != null) {
                limit.spend(bytes);
            }
            queue.interrupt.statistics().moved(done, bytes, partial);
            counters.add(Counter.TX_FRAMES, done);
            counters.add(Counter.TX_BYTES, bytes);
            counters.add(Counter.TX_PARTIAL_CHECKSUM, partial);
        }
        queue.done(done);
        return done;
    }

    private int burst(TxQueue queue, int most) {
        try {
            return queue.burst(most, driver.hostOffloads());
        } catch (RingFault e) {
            sink.flush();
            throw e;
        }
    }

    /** Returns whether the turn has used up its time. */
    private boolean isOver(boolean look) {
        if (!look) {
            return false;
        }
        long now = clock.getAsLong();
        if (turnTimed) {
            return now - turnSince >= TURN_NANOS;
        }
        turnTimed = true;
        turnSince = now;
        return false;
    }

    /**
     * Reads the next frame. If its chain cannot be read, flushes the frames forwarded before it, so that they are not
     * delayed.
     */
    private int next(TxQueue queue) {
        try {
            return queue.next();
        } catch (IotlbMiss | RingFault e) {
            sink.flush();
            throw e;
        }
    }

    /** Drops the next frame, parked or not, because the link is down or the queue is disabled. */
    private void discarded(TxQueue queue) {
        counters.increment(Counter.TX_DISABLED);
        queue.again = 0;
        queue.interrupt.statistics().drops++;
        queue.done();
    }

    private void malformed(TxQueue queue) {
        counters.increment(Counter.TX_BAD_HEADER);
        queue.again = 0;
        queue.interrupt.statistics().drops++;
        queue.interrupt.statistics().dropsOfItsKind++;
    }

    private void sent(TxQueue queue) {
        Frame frame = queue.frame;
        queue.interrupt.statistics().sent(frame, queue.superFrame);
        turnBytes += frame.bytes;
        RateMeter limit = meter;
        if (limit != null) {
            limit.spend(WireLength.of(frame, frame.bytes));
        }
        counters.increment(Counter.TX_FRAMES);
        counters.add(Counter.TX_BYTES, frame.bytes);
        if (frame.flags != 0) {
            counters.increment(Counter.TX_PARTIAL_CHECKSUM);
            switch (frame.gsoType & ~Frame.GSO_ECN) {
                case Frame.GSO_TCPV4 -> counters.increment(Counter.TX_TCPV4);
                case Frame.GSO_TCPV6 -> counters.increment(Counter.TX_TCPV6);
                case Frame.GSO_UDP_L4 -> counters.increment(Counter.TX_UDP_L4);
                default -> {}
            }
        }
        queue.done();
    }
}
