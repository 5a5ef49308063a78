// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.PacketBuilder;

/**
 * Makes a full ring of frames available with one store of the available index, and then only reads a used index until the device has used
 * all of the frames. Belongs to one thread.
 *
 * <p>The time is measured from just before that store until the used index covers the last frame. Frames, descriptors
 * and the available ring are written before; used elements are collected and receive buffers are posted afterwards.
 */
final class DrainJob implements AutoCloseable {
    /**
     * Number of rounds of each run that are not counted, because caches and branch predictors were used by another
     * program before.
     */
    private static final int UNCOUNTED = 3;

    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);
    /** Number of reads of the used index after which the clock is read. */
    private static final int READS = 1 << 16;

    private static final int INDEX_MASK = 0xffff;

    private final List<NetDriver> drivers;
    private final NetDriver sender;
    private final FrontEndQueue transmit;
    private final SplitDriver ring;
    /** The ring whose used index shows that all frames were processed. */
    private final SplitDriver watched;

    private final List<FrameReceiver> receivers;
    private final Optional<NetDriver> receivingGuest;
    private final List<DirtyLog> logs;
    private final Map<Shape, FrameSender> senders = new HashMap<>();
    private long sent;
    private long received;

    /**
     * The shape of a frame.
     *
     * @param frameBytes length in bytes from the destination MAC address on, without FCS
     * @param buffers number of buffers, that is descriptors
     */
    record Shape(int frameBytes, int buffers) {}

    /**
     * Creates a job.
     *
     * @param drivers drivers of the sending guest and, when frames are forwarded, of the receiving guest; with split rings; closed by
     *     {@link #close}
     * @param receivers receivers of the same guests; their buffers, one for each entry of the ring, are posted
     * @param logs dirty logs of the device; cleared before each run, and closed by {@link #close}
     */
    DrainJob(List<NetDriver> drivers, List<FrameReceiver> receivers, List<DirtyLog> logs) {
        this.drivers = List.copyOf(drivers);
        this.sender = drivers.getFirst();
        this.transmit = sender.transmitQueue(0);
        this.ring = transmit.splitRing();
        boolean through = drivers.size() > 1;
        this.receivingGuest = through ? Optional.of(drivers.getLast()) : Optional.empty();
        this.receivers = List.copyOf(receivers);
        this.logs = List.copyOf(logs);
        this.watched = through ? drivers.getLast().receiveQueue(0).splitRing() : ring;
    }

    /**
     * Drains rings of frames of one shape.
     *
     * @param rounds number of counted rounds
     * @return number of frames in a ring, then the nanoseconds of each round
     * @throws FrontEndException when the device does not use all frames in time, or requests kicks, because waking it
     *     up would be measured
     */
    long[] run(Shape shape, int rounds) {
        FrameSender frames = senders.computeIfAbsent(shape, this::sender);
        introduceReceiver();
        logs.forEach(DirtyLog::clear);
        long[] result = new long[1 + rounds];
        for (int i = 0; i < UNCOUNTED; i++) {
            round(frames);
        }
        long kicks = transmit.kicks();
        for (int i = 1; i <= rounds; i++) {
            result[i] = round(frames);
        }
        if (logs.stream().anyMatch(log -> log.pages().isEmpty())) {
            throw new FrontEndException("the back-end marks no page in the log of what it writes");
        }
        if (transmit.kicks() != kicks) {
            throw new FrontEndException(
                    "the back-end requests kicks: it does not poll, so its wake-up time would be measured, too");
        }
        result[0] = ring.size() / shape.buffers();
        return result;
    }

    private FrameSender sender(Shape shape) {
        LoadFrame frame = LoadFrame.of(LoadFrame.Kind.PLAIN, sender.headerBytes(), shape.frameBytes());
        return new FrameSender(transmit, frame, frame.buffers(shape.buffers()), false, ring.size(), 0);
    }

    /** Lets the bridge learn the receiver's address, so that each frame has a known destination. */
    private void introduceReceiver() {
        receivingGuest.ifPresent(guest -> {
            guest.send(PacketBuilder.udp4()
                    .macs(LoadFrame.TO, LoadFrame.FROM)
                    .payload(18, 1)
                    .complete());
            guest.awaitSent();
            // The frame arrives at the sender, whose buffer is posted again.
            receivers.getFirst().burst();
        });
    }

    private long round(FrameSender frames) {
        int filled = frames.fill(ring.size());
        int from = watched.deviceUsedIdx();
        long begun = System.nanoTime();
        transmit.publish();
        awaitUsed(from, filled);
        long nanos = System.nanoTime() - begun;
        if (receivingGuest.isPresent()) {
            received += all("received", filled, receivers.getLast()::burst);
        }
        sent += all("used in the sender's ring", filled, frames::collect);
        return nanos;
    }

    private void awaitUsed(int from, int frames) {
        long begun = System.nanoTime();
        for (int reads = 1; (watched.deviceUsedIdx() - from & INDEX_MASK) < frames; reads++) {
            Thread.onSpinWait();
            if (reads % READS == 0) {
                requirePatience(begun, "used", watched.deviceUsedIdx() - from & INDEX_MASK, frames);
            }
        }
    }

    /** Collects a number of frames, a burst at a time. */
    private static int all(String what, int frames, IntSupplier burst) {
        long begun = System.nanoTime();
        int taken = burst.getAsInt();
        while (taken < frames) {
            requirePatience(begun, what, taken, frames);
            taken += burst.getAsInt();
        }
        return taken;
    }

    private static void requirePatience(long begun, String what, int done, int frames) {
        if (System.nanoTime() - begun > PATIENCE) {
            throw new FrontEndException("within %d seconds only %d of %d frames were %s"
                    .formatted(TimeUnit.NANOSECONDS.toSeconds(PATIENCE), done, frames, what));
        }
    }

    /** Returns the number of frames that the first guest has sent. */
    long sent() {
        return sent;
    }

    /** Returns the number of frames that the second guest has received. */
    long received() {
        return received;
    }

    /** Detaches all guests. */
    @Override
    public void close() {
        drivers.forEach(NetDriver::close);
        logs.forEach(DirtyLog::close);
    }
}
