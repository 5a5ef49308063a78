// SPDX-License-Identifier: Apache-2.0
/**
 * Copies frames for a capture: the filter that selects the frames, and the ring that passes the copies from the lane to
 * the writing thread.
 *
 * <p>{@link org.vhost4j.device.capture.FrameTap} and the writing side of {@link org.vhost4j.device.capture.CaptureRing}
 * belong to the lane of the captured port; the reading side belongs to one other thread. Any thread may read counters;
 * values may be slightly old.
 */
@NullMarked
package org.vhost4j.device.capture;

import org.jspecify.annotations.NullMarked;
