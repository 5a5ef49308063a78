// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.frontend;

import java.time.Duration;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.platform.sys.EventFd;
import org.vhost4j.platform.sys.LibC;

/** One virtqueue: the ring, its index, and its kick, call and error descriptors. */
public final class FrontEndQueue implements AutoCloseable {
    private final int index;
    private final Ram ram;
    private final SplitDriver ring;
    private final EventFd kick = EventFd.create();
    private final EventFd call = EventFd.create();
    private final EventFd err = EventFd.create();
    private long interrupts;
    private long kicks;

    /**
     * Lays a queue out in guest memory; the back-end does not know of it before {@link #start}.
     *
     * @param index the queue's index in the device
     * @param ram where the ring goes
     * @param size entries
     * @param eventIdx whether VIRTIO_F_EVENT_IDX was negotiated
     * @param indirectCapacity the most descriptors in an indirect table; 0 for none
     */
    public FrontEndQueue(int index, Ram ram, int size, boolean eventIdx, int indirectCapacity) {
        this.index = index;
        this.ram = ram;
        this.ring = new SplitDriver(ram.memory(), size, eventIdx, indirectCapacity);
    }

    /**
     * Tells the back-end everything about the queue, in QEMU's order; it runs from then on, when it is enabled.
     *
     * @param frontEnd the connection
     * @param base the available index to begin with
     */
    public void start(FrontEnd frontEnd, int base) {
        frontEnd.setVringNum(index, ring.size());
        frontEnd.setVringBase(index, base);
        frontEnd.setVringAddr(index, ring, ram);
        frontEnd.setVringErr(index, err.fd());
        frontEnd.setVringKick(index, kick.fd());
        frontEnd.setVringCall(index, call.fd());
    }

    /**
     * Stops the queue.
     *
     * @param frontEnd the connection
     * @return the available index that it would go on with
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
    public SplitDriver ring() {
        return ring;
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
     * How often the back-end interrupted, as far as waiting has noticed.
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
     * @param patience how long
     * @return false when none came in time
     * @throws FrontEndException when elements were used and no interrupt came though it was asked for
     */
    public boolean awaitUsed(Duration patience) {
        return awaitUsed(Deadline.in(patience));
    }

    /**
     * Waits for used elements as an interrupt handler does: asks for an interrupt, sleeps, looks again.
     *
     * @return false when the deadline passed
     * @throws FrontEndException when elements were used and no interrupt came though it was asked for
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
