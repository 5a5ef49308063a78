// SPDX-License-Identifier: Apache-2.0
/**
 * The learning bridge, the inbox through which frames cross from lane to lane, and the ports that drop, echo or
 * generate frames. It knows nothing of the device.
 *
 * <p>Entered by the owning lane only, except {@link org.vhost4j.device.bridge.MacTable}, which the bridges of several lanes share,
 * and the inboxes, each of which has one lane that writes and one that reads.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.bridge;
