// SPDX-License-Identifier: Apache-2.0
/**
 * Copies of frames for a capture: which frames are wanted, and the ring by which the copies leave the lane.
 *
 * <p>{@link org.vhost4j.device.capture.FrameTap} and the putting side of {@link org.vhost4j.device.capture.CaptureRing} belong to the
 * lane of the captured port; the taking side belongs to one other thread. Counters may be read by any thread, a little late.
 */
@NullMarked
package org.vhost4j.device.capture;

import org.jspecify.annotations.NullMarked;
