// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.vhost4j.device.memory.LittleEndian;

/**
 * The notification coalescing that the driver set for a virtqueue (virtio 1.4 section 5.1.6.5.9): le32 max_packets and
 * le32 max_usecs.
 *
 * @param maxPackets number of frames after which an interrupt is raised; 0 for no limit
 * @param maxMicros number of microseconds after which an interrupt is raised; 0 for no coalescing
 */
record Moderation(long maxPackets, long maxMicros) {
    /** No coalescing: every interrupt is raised immediately. */
    static final Moderation NONE = new Moderation(0, 0);

    /** Reads the two fields at an offset of a command. */
    static Moderation read(byte[] command, int at) {
        return new Moderation(LittleEndian.read(command, at, 4), LittleEndian.read(command, at + 4, 4));
    }

    /** Returns the two fields as a driver reads them, little-endian. */
    byte[] bytes() {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) maxPackets)
                .putInt((int) maxMicros)
                .array();
    }
}
