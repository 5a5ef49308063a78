// SPDX-License-Identifier: Apache-2.0
/**
 * Copies frames for a capture: the filter that selects them, and the ring in which the copies leave the lane.
 *
 * <p>{@link org.vhost4j.device.capture.FrameTap} and the writing side of {@link org.vhost4j.device.capture.CaptureRing}
 * belong to the lane of the captured port; the reading side belongs to one other thread. Any thread may read counters;
 * values may be slightly old.
 */
@NullMarked
package org.vhost4j.device.capture;

import org.jspecify.annotations.NullMarked;
