// SPDX-License-Identifier: Apache-2.0
/**
 * The learning bridge, the inboxes through which frames cross from lane to lane, and sinks and sources that drop, echo
 * or generate frames. The package does not depend on the virtio-net device.
 *
 * <p>Only the owning lane may enter. The exceptions are {@link org.vhost4j.device.bridge.MacTable}, which the bridges
 * of several lanes share, and the inboxes: each of their rings has one lane that writes and one lane that reads.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.bridge;
