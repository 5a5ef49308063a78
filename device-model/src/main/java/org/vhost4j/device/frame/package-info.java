// SPDX-License-Identifier: Apache-2.0
/**
 * Frames and the ports that accept them: the scatter list of a frame, a burst of plain frames, the virtio-net header,
 * and the interface of a port. It knows guest memory and rings, but neither the device nor the bridge.
 *
 * <p>An object of this package belongs to one lane and is entered by that lane's thread only.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.frame;
