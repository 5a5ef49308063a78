// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;

/** The peer of a {@link StreamPort}: which frames it accepts, and how they are adapted to it. Called by the port's lane. */
public interface StreamPeer {
    /** A peer that exchanges frames as on a wire: no super-frames, and complete checksums. */
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
     * What {@link #deliver} takes.
     *
     * @return a mask of {@link org.vhost4j.device.frame.Offloads}
     */
    int accepts();

    /**
     * The longest frame that the peer takes.
     *
     * @return bytes from the destination MAC address on, at most {@link Frame#MAX_BYTES}
     */
    int longest();

    /**
     * Gives a frame to the stream, perhaps in two, with nothing left for the peer to do. The stream has room for the frame and for headers
     * that are repeated.
     *
     * @param frame needs nothing beyond {@link #accepts}; it is not changed
     * @param stream takes frames that need nothing, of {@link #longest} bytes at most
     * @return what the stream answers, or {@link FramePort#REFUSED} for a frame that was dropped and counted
     */
    int deliver(Frame frame, FramePort stream);

    /**
     * A frame has come from the peer.
     *
     * @param frame in one piece, in memory that may be changed, with a clear header; gets {@link Frame#needs} and a header to match
     */
    void received(Frame frame);
}
