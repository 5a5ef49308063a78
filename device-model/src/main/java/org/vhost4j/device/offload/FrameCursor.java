// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.vhost4j.device.frame.Frame;

/**
 * A position in a frame's scatter list, from which slices are appended to another frame without copying their bytes.
 */
final class FrameCursor {
    private int piece;
    private int offset;

    /** Moves to a byte of the frame, counted from its start; {@code frame.bytes} is the end. */
    void moveTo(Frame frame, int bytes) {
        int i = 0;
        int left = bytes;
        while (i < frame.pieces && left >= frame.length[i]) {
            left -= frame.length[i++];
        }
        piece = i;
        offset = left;
    }

    /**
     * Appends the next bytes to a frame and moves past them.
     *
     * @param frame the frame that was passed to {@link #moveTo}
     * @param bytes number of bytes, at most those left in the frame
     * @param to the frame to which they are appended
     * @return false when {@code to} has no room for another piece
     */
    boolean append(Frame frame, int bytes, Frame to) {
        int left = bytes;
        while (left > 0) {
            int part = Math.min(frame.length[piece] - offset, left);
            if (!to.add(frame.address[piece] + offset, part)) {
                return false;
            }
            left -= part;
            offset += part;
            if (offset == frame.length[piece]) {
                piece++;
                offset = 0;
            }
        }
        return true;
    }
}
