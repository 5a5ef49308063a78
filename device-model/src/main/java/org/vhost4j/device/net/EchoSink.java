// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.packet.OffloadEngine;

/**
 * Returns every frame to its sender with the MAC addresses swapped: for measuring a round trip. Super-frames go back as
 * super-frames when the sender takes them.
 */
public final class EchoSink implements FrameSink {
    private static final int ADDRESSES = 12;

    private final OffloadEngine engine;
    private final MemorySegment swapped = Arena.ofAuto().allocate(16, 16);
    private final Frame echo = new Frame();
    private NetPort[] touched = new NetPort[4];
    private int touchedCount;

    /**
     * An echo.
     *
     * @param engine adapts frames to what their sender takes
     */
    public EchoSink(OffloadEngine engine) {
        this.engine = engine;
    }

    @Override
    public int forward(NetPort from, Frame frame) {
        if (frame.bytes < Frame.ETHERNET_HEADER) {
            return NetPort.DELIVERED;
        }
        swapAddresses(frame);
        remember(from);
        echo.needs = frame.needs;
        echo.segmentsDone = frame.segmentsDone;
        int outcome = engine.deliver(echo, from);
        frame.segmentsDone = echo.segmentsDone;
        return outcome == NetPort.NO_ROOM ? NetPort.NO_ROOM : NetPort.DELIVERED;
    }

    /** Makes {@code echo}: our own swapped addresses, then everything behind the frame's. The frame's bytes stay as they are. */
    private void swapAddresses(Frame frame) {
        echo.clear();
        echo.flags = frame.flags;
        echo.gsoType = frame.gsoType;
        echo.headerLength = frame.headerLength;
        echo.gsoSize = frame.gsoSize;
        echo.checksumStart = frame.checksumStart;
        echo.checksumOffset = frame.checksumOffset;
        long to = swapped.address();
        echo.add(to, ADDRESSES);
        int at = 0;
        for (int i = 0; i < frame.pieces; i++) {
            int length = frame.length[i];
            int taken = Math.min(length, ADDRESSES - at);
            for (int j = 0; j < taken; j++) {
                int swappedAt = at < 6 ? at + 6 : at - 6;
                HostMemory.putByte(to + swappedAt, HostMemory.getByte(frame.address[i] + j));
                at++;
            }
            if (length > taken) {
                echo.add(frame.address[i] + taken, length - taken);
            }
        }
    }

    /** A port is itself and nobody else, whatever it thinks of equality. */
    @SuppressWarnings("ReferenceEquality")
    private void remember(NetPort port) {
        for (int i = 0; i < touchedCount; i++) {
            if (touched[i] == port) {
                return;
            }
        }
        if (touchedCount == touched.length) {
            touched = java.util.Arrays.copyOf(touched, 2 * touchedCount);
        }
        touched[touchedCount++] = port;
    }

    @Override
    public void flush() {
        for (int i = 0; i < touchedCount; i++) {
            touched[i].flush();
        }
        touchedCount = 0;
    }
}
