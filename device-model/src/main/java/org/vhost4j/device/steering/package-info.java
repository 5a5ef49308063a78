// SPDX-License-Identifier: Apache-2.0
/**
 * The choice of a receive queue for a frame (RSS, hash reports, automatic steering), and the receive filter (virtio 1.4
 * sections 5.1.6.5.1, 5.1.6.5.6 to 5.1.6.5.8). The package does not depend on the device or its queues.
 *
 * <p>An object of this package belongs to one lane; only that lane's thread may enter it.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.steering;
