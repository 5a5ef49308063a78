// SPDX-License-Identifier: Apache-2.0
/**
 * Ports over a datagram socket, one frame in each datagram, as in QEMU's {@code -netdev dgram}.
 *
 * <p>{@link org.vhost4j.host.datagram.DatagramPort} belongs to the lane to which it is attached: only that lane's thread uses it.
 */
@NullMarked
package org.vhost4j.host.datagram;

import org.jspecify.annotations.NullMarked;
