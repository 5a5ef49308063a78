// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.time.Duration;
import java.util.List;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.LibC;

/** One virtqueue: the ring, its index, and its kick, call and error descriptors. */
public final class FrontEndQueue implements AutoCloseable {
    private static final int USED_IDX = 2;
    private static final int USED_RING = 4;
    private static final int USED_BYTES = 8;
    private static final int PACKED_BYTES = 16;
    private static final int PACKED_INDEX = 0x7fff;

    private final int index;
    private final Ram ram;
    private final RingDriver ring;
    private final EventFd kick = EventFd.create();
    private final EventFd call = EventFd.create();
    private final EventFd err = EventFd.create();
    private int recordedBase;
    private long interrupts;
    private long kicks;

    /**
     * A queue that lies in guest memory; the back-end does not know of it before {@link #start}.
     *
     * @param index the queue's index in the device
     * @param ram where the ring is
     * @param ring the driver's side of it, split or packed
     */
    public FrontEndQueue(int index, Ram ram, RingDriver ring) {
        this.index = index;
        this.ram = ram;
        this.ring = ring;
    }

    /**
     * Tells the back-end everything about the queue, in QEMU's order; it runs from then on, when it is enabled.
     *
     * @param frontEnd the connection
     * @param base where to begin, such as {@link RingDriver#deviceBase}
     */
    public void start(FrontEnd frontEnd, int base) {
        frontEnd.setVringNum(index, ring.size());
        frontEnd.setVringBase(index, base);
        setAddress(frontEnd, false);
        frontEnd.setVringErr(index, err.fd());
        frontEnd.setVringKick(index, kick.fd());
        frontEnd.setVringCall(index, call.fd());
    }

    /**
     * Tells the back-end where the ring is, at the start or again later.
     *
     * @param frontEnd the connection
     * @param logged whether to log writes to the used ring
     */
    public void setAddress(FrontEnd frontEnd, boolean logged) {
        frontEnd.setVringAddr(index, ring, ram, logged);
    }

    /** Remembers how far the device has come, for {@link #lastWrites}. */
    void record() {
        recordedBase = ring.deviceBase();
    }

    /**
     * What of the ring the device has written last since {@link #record}: index and last element of a split ring, the descriptor
     * before the next one of a packed ring, which it is when the last chain had one descriptor.
     *
     * @return pieces of guest memory; none when it has used nothing
     */
    List<DeviceWrite> lastWrites() {
        int base = ring.deviceBase();
        if (base == recordedBase) {
            return List.of();
        }
        if (ring instanceof PackedDriver) {
            int next = (base >>> Short.SIZE) & PACKED_INDEX;
            int last = (next == 0 ? ring.size() : next) - 1;
            return List.of(new DeviceWrite(ring.descAddress() + (long) last * PACKED_BYTES, PACKED_BYTES));
        }
        int last = (base - 1) & (ring.size() - 1);
        return List.of(
                new DeviceWrite(ring.usedAddress() + USED_IDX, Short.BYTES),
                new DeviceWrite(ring.usedAddress() + USED_RING + (long) last * USED_BYTES, USED_BYTES));
    }

    /**
     * Stops the queue.
     *
     * @param frontEnd the connection
     * @return where it would continue
     */
    public int stop(FrontEnd frontEnd) {
        return frontEnd.getVringBase(index);
    }

    /**
     * The queue's index.
     *
     * @return from 0
     */
    public int index() {
        return index;
    }

    /**
     * The ring.
     *
     * @return the driver's side
     */
    public RingDriver ring() {
        return ring;
    }

    /**
     * The ring, when it is a split one.
     *
     * @return the driver's side
     * @throws ClassCastException when it is packed
     */
    public SplitDriver splitRing() {
        return (SplitDriver) ring;
    }

    /**
     * The ring, when it is a packed one.
     *
     * @return the driver's side
     * @throws ClassCastException when it is split
     */
    public PackedDriver packedRing() {
        return (PackedDriver) ring;
    }

    /**
     * The region that the ring is in.
     *
     * @return as given
     */
    public Ram ram() {
        return ram;
    }

    /**
     * The kick descriptor.
     *
     * @return signalled by us
     */
    public EventFd kick() {
        return kick;
    }

    /**
     * The call descriptor.
     *
     * @return signalled by the back-end
     */
    public EventFd call() {
        return call;
    }

    /**
     * The error descriptor.
     *
     * @return signalled by the back-end
     */
    public EventFd err() {
        return err;
    }

    /** Publishes what was offered and kicks when the device wants that. */
    public void publish() {
        ring.publish();
        if (ring.needKick()) {
            kicks++;
            kick.signal();
        }
    }

    /**
     * How often {@link #publish} kicked.
     *
     * @return since the queue was made
     */
    public long kicks() {
        return kicks;
    }

    /**
     * The number of interrupts that were seen while waiting.
     *
     * @return since the queue was made
     */
    public long interrupts() {
        interrupts += call.drain();
        return interrupts;
    }

    /**
     * Waits for used elements as an interrupt handler does: asks for an interrupt, sleeps, looks again.
     *
     * @param patience the longest time to wait
     * @return false when none came in time
     * @throws FrontEndException when elements were used and the requested interrupt did not come
     */
    public boolean awaitUsed(Duration patience) {
        return awaitUsed(Deadline.in(patience));
    }

    /**
     * Waits for used elements as an interrupt handler does: asks for an interrupt, sleeps, looks again.
     *
     * @return false when the deadline passed
     * @throws FrontEndException when elements were used and the requested interrupt did not come
     */
    boolean awaitUsed(Deadline deadline) {
        while (!ring.enableInterrupts()) {
            if (!deadline.await(call.fd(), LibC.POLLIN)) {
                if (ring.hasUsed()) {
                    throw new FrontEndException("queue " + index + " has used elements, but no interrupt came");
                }
                return false;
            }
            interrupts += call.drain();
        }
        ring.disableInterrupts();
        return true;
    }

    @Override
    public void close() {
        kick.close();
        call.close();
        err.close();
    }
}
