// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.jspecify.annotations.Nullable;

/**
 * Where a port puts the frames that come in: a bridge, a sink, an echo. Called by the lane that owns the port.
 */
public interface FrameSink {
    /**
     * Passes one frame on.
     *
     * @param from the port it came in by
     * @param frame the frame; the sink may change its header and scatter list, never the bytes it refers to
     * @return {@link FramePort#DELIVERED}, also for a frame that was dropped and counted, or {@link FramePort#NO_ROOM}: the frame
     *     stays with the sender, to be offered again
     */
    int forward(FramePort from, Frame frame);

    /**
     * Passes frames on that came in together, in their order.
     *
     * @param from the port they came in by
     * @param frames checked frames
     * @return how many were passed on, the first ones; offer the next one alone, as {@link #forward(FramePort, Frame)}
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

    /** Ends a burst: everything that was forwarded is published and its receivers are woken. */
    void flush();

    /**
     * The port that receives whatever {@code from} sends, when there is exactly one, no decision to take, and frames can land in its
     * buffers.
     *
     * @param from the sending port
     * @return the only receiver, or null
     */
    default @Nullable LandingPort soleReceiver(FramePort from) {
        return null;
    }
}
