// SPDX-License-Identifier: Apache-2.0
/**
 * A network interface of the host as a port, by a packet socket (packet(7)) with a virtio-net header before each frame.
 *
 * <p>{@link org.vhost4j.host.packet.PacketPort} belongs to the lane to which it is attached: only that lane's thread uses it.
 */
@NullMarked
package org.vhost4j.host.packet;

import org.jspecify.annotations.NullMarked;
