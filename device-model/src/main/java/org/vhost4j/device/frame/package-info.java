// SPDX-License-Identifier: Apache-2.0
/**
 * Frames and the ports that accept them: the scatter list of a frame, a burst of plain frames, the virtio-net header,
 * and the interface of a port. The package depends on guest memory and rings, but neither on the device nor on the
 * bridge.
 *
 * <p>An object of this package belongs to one lane; only that lane's thread may enter it.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.frame;
