// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * The delivered part of a transmit queue's next super-frame, whose receiver ran out of room after some segments.
 *
 * @param segments number of segments that were delivered; 0 when there is no such frame
 * @param bytes length of the frame in bytes
 * @param segmentSize payload bytes of each segment
 */
public record FrameCut(int segments, int bytes, int segmentSize) {
    /** The value for a queue whose next frame was not partly delivered. */
    public static final FrameCut NONE = new FrameCut(0, 0, 0);
}
