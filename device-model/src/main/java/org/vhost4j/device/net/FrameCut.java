// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * The part of the next super-frame of a transmit queue that was delivered before its receiver ran out of room.
 *
 * @param segments number of segments that were delivered; 0 when there is no such frame
 * @param bytes length of the frame in bytes
 * @param segmentSize payload bytes of each segment
 */
public record FrameCut(int segments, int bytes, int segmentSize) {
    /** No frame was delivered in part. */
    public static final FrameCut NONE = new FrameCut(0, 0, 0);
}
