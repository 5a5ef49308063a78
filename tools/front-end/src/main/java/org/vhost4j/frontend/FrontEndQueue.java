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
     * Creates a queue in guest memory. {@link #start} sends it to the back-end.
     *
     * @param index the queue's index in the device
     * @param ram the region that contains the ring
     * @param ring the driver's side of the ring, split or packed
     */
    public FrontEndQueue(int index, Ram ram, RingDriver ring) {
        this.index = index;
        this.ram = ram;
        this.ring = ring;
    }

    /**
     * Sends the back-end the queue's size, base, addresses and descriptors, in QEMU's order. The queue then runs if it is enabled.
     *
     * @param frontEnd the connection
     * @param base the index at which the device begins, such as {@link RingDriver#deviceBase}
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
     * Sends the back-end the addresses of the ring, when the queue starts or while it runs.
     *
     * @param frontEnd the connection
     * @param logged whether the device is to log its writes to the used ring
     */
    public void setAddress(FrontEnd frontEnd, boolean logged) {
        frontEnd.setVringAddr(index, ring, ram, logged);
    }

    /** Records the device's position, for {@link #lastWrites}. */
    void record() {
        recordedBase = ring.deviceBase();
    }

    /**
     * Returns the parts of the ring that the device has written last since {@link #record}: the index and the last
     * element of a split ring; the last used descriptor of a packed ring, provided the last chain had one descriptor.
     *
     * @return pieces of guest memory; none when the device has used no chain
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
     * @return the index at which the device would continue, as in SET_VRING_BASE
     */
    public int stop(FrontEnd frontEnd) {
        return frontEnd.getVringBase(index);
    }

    /**
     * Returns the queue's index in the device.
     *
     * @return the index, from 0
     */
    public int index() {
        return index;
    }

    /**
     * Returns the ring.
     *
     * @return the driver's side of the ring
     */
    public RingDriver ring() {
        return ring;
    }

    /**
     * Returns the ring as a split ring.
     *
     * @return the driver's side of the ring
     * @throws ClassCastException when the ring is packed
     */
    public SplitDriver splitRing() {
        return (SplitDriver) ring;
    }

    /**
     * Returns the ring as a packed ring.
     *
     * @return the driver's side of the ring
     * @throws ClassCastException when the ring is split
     */
    public PackedDriver packedRing() {
        return (PackedDriver) ring;
    }

    /**
     * Returns the region that contains the ring.
     *
     * @return the region that was passed to the constructor
     */
    public Ram ram() {
        return ram;
    }

    /**
     * Returns the kick descriptor.
     *
     * @return the descriptor, which the driver signals
     */
    public EventFd kick() {
        return kick;
    }

    /**
     * Returns the call descriptor.
     *
     * @return the descriptor, which the back-end signals
     */
    public EventFd call() {
        return call;
    }

    /**
     * Returns the error descriptor.
     *
     * @return the descriptor, which the back-end signals
     */
    public EventFd err() {
        return err;
    }

    /** Makes the offered chains available to the device, and kicks it when it requests notifications. */
    public void publish() {
        ring.publish();
        if (ring.needKick()) {
            kicks++;
            kick.signal();
        }
    }

    /**
     * Returns the number of kicks by {@link #publish}.
     *
     * @return the number since the queue was created
     */
    public long kicks() {
        return kicks;
    }

    /**
     * Returns the number of interrupts.
     *
     * @return the number since the queue was created
     */
    public long interrupts() {
        interrupts += call.drain();
        return interrupts;
    }

    /**
     * Waits for used elements like an interrupt handler: requests an interrupt, sleeps, and checks again.
     *
     * @param patience the longest time to wait
     * @return false when the device used no element in time
     * @throws FrontEndException when elements were used but the requested interrupt did not arrive
     */
    public boolean awaitUsed(Duration patience) {
        return awaitUsed(Deadline.in(patience));
    }

    /**
     * Waits for used elements as an interrupt handler does: requests an interrupt, sleeps, and checks again.
     *
     * @return false when the deadline passed
     * @throws FrontEndException when elements were used but the requested interrupt did not arrive
     */
    boolean awaitUsed(Deadline deadline) {
        while (!ring.enableInterrupts()) {
            if (!deadline.await(call.fd(), LibC.POLLIN)) {
                if (ring.hasUsed()) {
                    throw new FrontEndException("queue " + index + " has used elements, but no interrupt arrived");
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
