// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.jspecify.annotations.Nullable;

/**
 * The destination of the frames that a port receives from its network or guest: a bridge, a sink, an echo. Called by
 * the lane that owns the port.
 */
public interface FrameSink {
    /**
     * Forwards one frame.
     *
     * @param from the port on which it came in
     * @param frame the frame; the sink may change its header and scatter list, but not the bytes that it refers to
     * @return {@link FramePort#DELIVERED}, also for a frame that was dropped and counted, or {@link FramePort#NO_ROOM}: the frame
     *     stays with the sender, to be offered again
     */
    int forward(FramePort from, Frame frame);

    /**
     * Forwards frames of a burst, in their order.
     *
     * @param from the port on which they came in
     * @param frames checked frames
     * @return the number of frames forwarded, from the first one on; the caller offers the next one alone, by {@link
     *     #forward(FramePort, Frame)}
     */
    default int forward(FramePort from, FrameBurst frames) {
        int n = frames.count();
        for (int i = 0; i < n; i++) {
            frames.offer(i + 1);
            if (forward(from, frames.frame(i)) == FramePort.NO_ROOM) {
                return i;
            }
        }
        return n;
    }

    /** Ends a burst: publishes all forwarded frames and wakes their receivers. */
    void flush();

    /**
     * Returns the port that receives every frame that {@code from} sends, when there is exactly one, no decision is
     * needed, and frames can be written to its buffers directly.
     *
     * @param from the sending port
     * @return the only receiver, or null
     */
    default @Nullable LandingPort soleReceiver(FramePort from) {
        return null;
    }
}
