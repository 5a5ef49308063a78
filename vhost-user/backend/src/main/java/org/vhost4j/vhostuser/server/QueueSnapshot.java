// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import org.vhost4j.device.net.QueueKind;
import org.vhost4j.device.ring.RingLayout;

/**
 * The state of one virtqueue between two bursts.
 *
 * @param index index of the virtqueue
 * @param kind purpose of the virtqueue
 * @param ring state of the ring; empty unless the queue runs
 */
public record QueueSnapshot(int index, QueueKind kind, Optional<Running> ring) {
    /**
     * The state of a running queue.
     *
     * @param enabled whether it is enabled (SET_VRING_ENABLE)
     * @param size number of descriptors, 1 to 32768
     * @param layout layout of the ring
     * @param base position of the queue, as GET_VRING_BASE reports it, unsigned
     */
    public record Running(boolean enabled, int size, RingLayout layout, long base) {}
}
