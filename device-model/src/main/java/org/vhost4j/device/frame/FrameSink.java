// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.jspecify.annotations.Nullable;

/**
 * The destination of the frames that a port receives from its network or guest, such as a bridge. Called by the lane
 * that owns the port.
 */
public interface FrameSink {
    /**
     * Forwards one frame.
     *
     * @param from the port on which the frame arrived
     * @param frame the frame; the sink may change its header and scatter list, but not the bytes that it refers to
     * @return {@link FramePort#DELIVERED}, also for a frame that was dropped and counted, or {@link FramePort#NO_ROOM}:
     *     the frame stays with the sender, which passes it again later
     */
    int forward(FramePort from, Frame frame);

    /**
     * Forwards frames of a burst, in their order.
     *
     * @param from the port on which the frames arrived
     * @param frames the frames, checked by the offload engine
     * @return the number of frames forwarded, from the first one on; the caller passes the next one to {@link
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
     * Returns the only receiver of frames from a port, if every frame goes to it regardless of its contents, and frames
     * can be written directly into its receive buffers.
     *
     * @param from the sending port
     * @return the only receiver; null when there is none
     */
    default @Nullable LandingPort soleReceiver(FramePort from) {
        return null;
    }
}
