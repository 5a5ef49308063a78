// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.offload.OffloadEngine;

/**
 * Sends every frame back to its sender with the MAC addresses swapped, for measuring a round trip. Super-frames are
 * sent back as super-frames when the sender accepts them.
 */
public final class EchoSink implements FrameSink {
    /** Number of bytes that are copied from the start of a frame: all headers that receive steering reads. */
    private static final int HEAD = 64;

    private final OffloadEngine engine;
    private final MemorySegment head = Arena.ofAuto().allocate(HEAD, HEAD);
    private final Frame echo = new Frame();
    private FramePort[] unflushed = new FramePort[4];
    private int unflushedCount;

    /**
     * Creates a sink.
     *
     * @param engine converts frames to the offloads that their sender accepts
     */
    public EchoSink(OffloadEngine engine) {
        this.engine = engine;
    }

    @Override
    public int forward(FramePort from, Frame frame) {
        if (frame.bytes < Frame.ETHERNET_HEADER) {
            return FramePort.DELIVERED;
        }
        swapAddresses(frame);
        remember(from);
        echo.needs = frame.needs;
        echo.segmentsDone = frame.segmentsDone;
        int outcome = engine.deliver(echo, from);
        frame.segmentsDone = echo.segmentsDone;
        frame.segmentsMade += echo.segmentsMade;
        frame.segmentBytes += echo.segmentBytes;
        return outcome == FramePort.NO_ROOM ? FramePort.NO_ROOM : FramePort.DELIVERED;
    }

    /**
     * Builds {@code echo}: a copy of the frame's first bytes with swapped addresses, followed by the frame's other
     * bytes. Does not change the frame.
     */
    private void swapAddresses(Frame frame) {
        echo.clear();
        echo.header(frame);
        long to = head.address();
        int wanted = Math.min(HEAD, frame.bytes);
        echo.add(to, wanted);
        int at = 0;
        for (int i = 0; i < frame.pieces; i++) {
            long from = frame.address[i];
            int length = frame.length[i];
            int copied = Math.min(length, wanted - at);
            HostMemory.copy(from, to + at, copied);
            at += copied;
            if (length > copied) {
                echo.add(from + copied, length - copied);
            }
        }
        long destination = HostMemory.getLongBE(to) >>> 16;
        long source = HostMemory.getLongBE(to + 6) >>> 16;
        HostMemory.putIntBE(to, (int) (source >>> 16));
        HostMemory.putIntBE(to + 4, (int) (source << 16 | destination >>> 32));
        HostMemory.putIntBE(to + 8, (int) destination);
    }

    /** Compares by identity, because a port may override equals. */
    @SuppressWarnings("ReferenceEquality")
    private void remember(FramePort port) {
        for (int i = 0; i < unflushedCount; i++) {
            if (unflushed[i] == port) {
                return;
            }
        }
        if (unflushedCount == unflushed.length) {
            unflushed = java.util.Arrays.copyOf(unflushed, 2 * unflushedCount);
        }
        unflushed[unflushedCount++] = port;
    }

    @Override
    public void flush() {
        for (int i = 0; i < unflushedCount; i++) {
            unflushed[i].flush();
        }
        unflushedCount = 0;
    }
}
