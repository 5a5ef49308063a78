// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * How much of the super-frame that comes next in a transmit queue was delivered before its receiver had no more room.
 *
 * @param segments how many segments its receiver has; 0 when there is no such frame
 * @param bytes the frame's length
 * @param segmentSize payload bytes of each segment
 */
public record FrameCut(int segments, int bytes, int segmentSize) {
    /** No frame was delivered in part. */
    public static final FrameCut NONE = new FrameCut(0, 0, 0);
}
