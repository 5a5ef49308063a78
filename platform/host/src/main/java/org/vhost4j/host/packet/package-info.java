// SPDX-License-Identifier: Apache-2.0
/**
 * A network interface of the host as a port, by a packet socket (packet(7)) with a virtio-net header before each frame.
 *
 * <p>{@link org.vhost4j.host.packet.PacketPort} belongs to the lane that it is attached to: only that lane's thread enters it.
 */
@NullMarked
package org.vhost4j.host.packet;

import org.jspecify.annotations.NullMarked;
