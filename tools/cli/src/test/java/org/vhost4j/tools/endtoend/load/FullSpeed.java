// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.load;

import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;

/**
 * A guest that sends as fast as it is served: each descriptor of its transmit ring is the same frame, and all that the device has used is
 * made available again by one store.
 */
final class FullSpeed implements AutoCloseable {
    private static final int SIZE = 1024;
    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;
    private static final int INDEX_MASK = 0xffff;
    /** A super-frame from this length on. */
    private static final int LONGEST_PLAIN = 9014;

    private final NetDriver driver;
    private final FrontEndQueue queue;
    private final SplitDriver ring;
    private final int frameBytes;
    private int used;
    private long frames;
    private boolean waiting;

    /**
     * Attaches a guest; nothing is available yet.
     *
     * @param socket of the back-end
     * @param frameBytes from the destination MAC address on, 64 to 65,000
     */
    FullSpeed(Path socket, int frameBytes) {
        this.frameBytes = frameBytes;
        driver = NetDriver.attach(
                socket, NetSetup.full().without(Feature.EVENT_IDX).queues(1, SIZE));
        queue = driver.transmitQueue(0);
        ring = queue.splitRing();
        used = ring.deviceUsedIdx();
        PacketBuilder packet = PacketBuilder.tcp4().macs(1, 2);
        packet.payload(frameBytes - packet.headerLength(), frameBytes);
        boolean whole = frameBytes <= LONGEST_PLAIN;
        byte[] frame = whole ? packet.complete() : packet.partial();
        byte[] header = (whole ? DriverHeader.PLAIN : packet.superHeader(1448)).toBytes(driver.headerBytes());
        DriverMemory memory = ring.memory();
        long at = memory.allocate(header.length + frame.length, Long.BYTES);
        memory.write(at, header, 0, header.length);
        memory.write(at + header.length, frame, 0, frame.length);
        for (int i = 0; i < SIZE; i++) {
            ring.rawDescriptor(i, at, header.length + frame.length, 0, 0);
            ring.rawAvailEntry(i, i);
        }
        ring.rawAvailFlags(NO_INTERRUPT);
    }

    /** Makes all available that the device has used. */
    void refill() {
        count();
        ring.rawAvailIdx(used + SIZE & INDEX_MASK);
        waiting = true;
        VarHandle.fullFence();
        if ((ring.usedFlags() & NO_NOTIFY) == 0) {
            queue.kick().signal();
        }
    }

    /** Whether the device has used all that was made available: then it waited for us. */
    boolean wasEmpty() {
        return (ring.deviceUsedIdx() - used & INDEX_MASK) == SIZE;
    }

    /** Whether nothing of what was made available is left; makes nothing available. */
    boolean isDrained() {
        if (waiting && wasEmpty()) {
            count();
            waiting = false;
        }
        return !waiting;
    }

    private void count() {
        int now = ring.deviceUsedIdx();
        frames += now - used & INDEX_MASK;
        used = now;
    }

    /** Frames that the device has used, as of the last look. */
    long frames() {
        return frames;
    }

    int frameBytes() {
        return frameBytes;
    }

    @Override
    public void close() {
        driver.close();
    }
}
