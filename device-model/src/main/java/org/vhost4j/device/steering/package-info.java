// SPDX-License-Identifier: Apache-2.0
/**
 * The choice of a receive queue for a frame, and the filter for unwanted frames: RSS, hash reports, automatic steering,
 * and the receive filter (virtio 1.4 sections 5.1.6.5.1, 5.1.6.5.6 to 5.1.6.5.8). It knows nothing of the device or of
 * its queues.
 *
 * <p>An object of this package belongs to one lane and is entered by that lane's thread only.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.steering;
