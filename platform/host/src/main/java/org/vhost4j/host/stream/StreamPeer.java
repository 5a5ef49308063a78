// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;

/** Converts frames to and from the format that the peer of a {@link StreamPort} supports. Called by the port's lane. */
public interface StreamPeer {
    /** A peer that exchanges only plain frames: no super-frames, and complete checksums. */
    StreamPeer PLAIN = new StreamPeer() {
        @Override
        public int accepts() {
            return 0;
        }

        @Override
        public int longest() {
            return Frame.MAX_BYTES;
        }

        @Override
        public int deliver(Frame frame, FramePort stream) {
            return stream.deliver(frame);
        }

        @Override
        public void received(Frame frame) {
            frame.needs = 0;
        }
    };

    /**
     * Returns the offloads that {@link #deliver} accepts.
     *
     * @return a mask of {@link org.vhost4j.device.frame.Offloads}
     */
    int accepts();

    /**
     * Returns the maximum length of a frame that the peer accepts.
     *
     * @return number of bytes from the destination MAC address on, at most {@link Frame#MAX_BYTES}
     */
    int longest();

    /**
     * Delivers a frame to the stream without offloads, possibly as two frames. The stream has room for the frame and for repeated headers.
     *
     * @param frame a frame that needs nothing beyond {@link #accepts}; it is not changed
     * @param stream port that accepts frames without offloads, of at most {@link #longest} bytes
     * @return the result of the stream, or {@link FramePort#REFUSED} for a frame that was dropped and counted
     */
    int deliver(Frame frame, FramePort stream);

    /**
     * Converts a frame that has arrived from the peer.
     *
     * @param frame the frame, contiguous, in memory that may be changed, with a cleared virtio-net header; this method sets
     *     {@link Frame#needs} and a matching header
     */
    void received(Frame frame);
}
