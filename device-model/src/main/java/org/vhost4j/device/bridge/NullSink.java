// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;

/** Counts every frame and drops it, to measure the transmit rate of a guest. */
public final class NullSink implements FrameSink {
    private long frames;
    private long bytes;

    /** Creates a sink whose counters are 0. */
    public NullSink() {}

    @Override
    public int forward(FramePort from, Frame frame) {
        frames++;
        bytes += frame.bytes;
        return FramePort.DELIVERED;
    }

    @Override
    public int forward(FramePort from, FrameBurst burst) {
        int n = burst.count();
        frames += n;
        bytes += burst.bytes(0, n);
        return n;
    }

    @Override
    public void flush() {}

    /**
     * Returns the number of frames that were dropped.
     *
     * @return the number since the sink was created
     */
    public long frames() {
        return frames;
    }

    /**
     * Returns the number of bytes that were dropped, from the destination MAC address on.
     *
     * @return the number since the sink was created
     */
    public long bytes() {
        return bytes;
    }
}
