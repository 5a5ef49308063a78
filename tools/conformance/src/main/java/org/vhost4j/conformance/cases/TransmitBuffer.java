// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import org.vhost4j.conformance.CaseContext;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;

/** One frame in guest memory that can be offered any number of times, for cases about rings, not frames. */
final class TransmitBuffer {
    private final CaseContext context;
    private final FrontEndQueue queue;
    private final long address;
    private final int bytes;

    private TransmitBuffer(CaseContext context, FrontEndQueue queue, long address, int bytes) {
        this.context = context;
        this.queue = queue;
        this.address = address;
        this.bytes = bytes;
    }

    static TransmitBuffer of(CaseContext context, NetDriver driver) {
        return of(context, driver, driver.ram().memory());
    }

    /** Creates a frame in a region of the driver's memory. */
    static TransmitBuffer of(CaseContext context, NetDriver driver, DriverMemory memory) {
        byte[] frame = context.datagram(300).complete();
        byte[] header = DriverHeader.PLAIN.toBytes(driver.headerBytes());
        long address = memory.allocate(header.length + frame.length, 64);
        memory.write(address, header, 0, header.length);
        memory.write(address + header.length, frame, 0, frame.length);
        return new TransmitBuffer(context, driver.transmitQueue(0), address, header.length + frame.length);
    }

    /** Offers the frame in the ring, without making it available to the device. */
    void offer(int times) {
        RingDriver ring = queue.ring();
        for (int i = 0; i < times; i++) {
            ring.begin();
            ring.readable(address, bytes).offer();
        }
    }

    /** Sends the frame {@code times} times, and waits until all its chains are used. */
    void send(int times) {
        offer(times);
        CaseContext.publishAndKick(queue);
        context.awaitUsed(queue);
    }
}
