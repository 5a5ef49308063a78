// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.crash;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.Ram;

/**
 * A guest whose memory and rings outlive its back-end, and a front-end that reconnects as QEMU does: for a split ring
 * it sends the index in the used ring, for a packed ring the base from the start.
 */
public final class SurvivingGuest implements AutoCloseable {
    static final int RING = 256;
    private static final int FRAME = 60;
    private static final int NUMBER_AT = 14;
    private static final int SLOT = 128;

    private final FeatureSet features;
    private final boolean packed;
    private final Ram ram = Ram.create(0x1_4000_0000L, 1 << 20);
    private final FrontEndQueue receive;
    private final FrontEndQueue transmit;
    private final long sent;
    private final long[] posted = new long[RING];
    private final long source;
    private @Nullable FrontEnd frontEnd;

    /** Receive buffers that came back empty: a device that died had used them without showing them. */
    int emptyBuffers;

    public SurvivingGuest(FeatureSet features, long source) {
        this.features = features;
        this.source = source;
        packed = features.has(Feature.RING_PACKED);
        receive = new FrontEndQueue(0, ram, ring());
        transmit = new FrontEndQueue(1, ram, ring());
        sent = ram.memory().allocate((long) SLOT * RING, 64);
        for (int i = 0; i < RING; i++) {
            post(ram.memory().allocate(SLOT, 64));
        }
    }

    private RingDriver ring() {
        RingDriver.Features wanted = new RingDriver.Features(false, features.has(Feature.IN_ORDER));
        return packed
                ? new PackedDriver(ram.memory(), RING, wanted, 0)
                : new SplitDriver(ram.memory(), RING, wanted, 0);
    }

    private void post(long buffer) {
        receive.ring().begin();
        receive.ring().writable(buffer, SLOT);
        posted[receive.ring().offer()] = buffer;
    }

    public void attach(Path socket) {
        disconnect();
        FrontEnd connected = FrontEnd.connect(socket);
        frontEnd = connected;
        if ((connected.getFeatures() & features.low()) != features.low()) {
            throw new AssertionError("not all of " + features + " is offered");
        }
        connected.setOwner();
        connected.setFeatures(features.low());
        connected.setMemTable(List.of(ram));
        for (FrontEndQueue queue : List.of(receive, transmit)) {
            queue.start(connected, packed ? PackedDriver.START : queue.ring().deviceBase());
        }
        connected.barrier();
        receive.publish();
    }

    private void disconnect() {
        FrontEnd before = frontEnd;
        frontEnd = null;
        if (before != null) {
            before.close();
        }
    }

    /** Sends numbered frames to every port, as many as the ring has room for. */
    public int send(int first, int most) {
        while (transmit.ring().collect()) {
            // It is free again.
        }
        int count = 0;
        while (count < most && transmit.ring().freeDescriptors() > 0) {
            int number = first + count;
            long at = sent + (long) SLOT * (number % RING);
            ram.memory().write(at, DriverHeader.PLAIN.toBytes(DriverHeader.BYTES), 0, DriverHeader.BYTES);
            long frame = at + DriverHeader.BYTES;
            ram.memory().fill(frame, 6, 0xff);
            for (int i = 0; i < 6; i++) {
                ram.memory().fill(frame + 6 + i, 1, (int) (source >>> (8 * (5 - i))) & 0xff);
            }
            ram.memory().put32(frame + NUMBER_AT, number);
            transmit.ring().begin();
            transmit.ring().readable(at, DriverHeader.BYTES + FRAME);
            int unused = transmit.ring().offer();
            count++;
        }
        transmit.publish();
        return count;
    }

    /** Returns the number of sent chains that were not used yet. */
    public int inFlight() {
        while (transmit.ring().collect()) {
            // It is free again.
        }
        return transmit.ring().inFlight();
    }

    /** Returns the number of the next received frame; -1 for none. */
    public int receive() {
        while (receive.ring().collect()) {
            long buffer = posted[receive.ring().usedId()];
            int length = receive.ring().usedLength();
            byte[] bytes = ram.memory().read(buffer, SLOT);
            post(buffer);
            receive.publish();
            if (length == 0) {
                emptyBuffers++;
            } else if (length == DriverHeader.BYTES + FRAME) {
                return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(DriverHeader.BYTES + NUMBER_AT);
            } else {
                throw new AssertionError("a frame of " + length + " bytes");
            }
        }
        return -1;
    }

    @Override
    public void close() {
        disconnect();
        receive.close();
        transmit.close();
        ram.close();
    }
}
