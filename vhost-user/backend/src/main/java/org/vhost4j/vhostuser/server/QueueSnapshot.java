// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import org.vhost4j.device.net.QueueKind;
import org.vhost4j.device.ring.RingLayout;

/**
 * One virtqueue as it was between two bursts.
 *
 * @param index the virtqueue
 * @param kind what it is for
 * @param ring what is known while it runs
 */
public record QueueSnapshot(int index, QueueKind kind, Optional<Running> ring) {
    /**
     * A queue that runs.
     *
     * @param enabled whether it is processed with effect (SET_VRING_ENABLE)
     * @param size how many descriptors it has, 1 to 32768
     * @param layout how it lies in memory
     * @param base how far it has come, as GET_VRING_BASE reports it, unsigned
     */
    public record Running(boolean enabled, int size, RingLayout layout, long base) {}
}
