// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.vhost4j.device.memory.HostMemory;

/**
 * Automatic receive steering (virtio 1.4 section 5.1.6.5.6): frames of a flow are received on the queue pair on which
 * the guest last sent a frame of that flow. A hash, which is the same for both directions of a flow, maps flows to
 * {@value #SLOTS} slots. Lanes may share a table: other lanes see a changed slot, possibly with a short delay.
 */
final class FlowTable {
    private static final int SLOTS = 1024;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int TCP = 6;
    private static final int UDP = 17;

    private static final VarHandle SLOT =
            MethodHandles.arrayElementVarHandle(byte[].class).withInvokeExactBehavior();

    private final byte[] pair = new byte[SLOTS];

    /**
     * Records the pair on which the guest sent a frame, whose first piece has host address {@code at} and {@code
     * length} bytes.
     */
    void learn(long at, int length, int queuePair) {
        int slot = slot(at, length);
        // Written only when it differs, because a write would invalidate the cache line for other lanes.
        if ((byte) SLOT.getOpaque(pair, slot) != (byte) queuePair) {
            SLOT.setOpaque(pair, slot, (byte) queuePair);
        }
    }

    /** Returns the pair for a frame to the guest: 0 to 255, initially 0. The parameters are as in {@link #learn}. */
    int pairFor(long at, int length) {
        return (byte) SLOT.getOpaque(pair, slot(at, length)) & 0xff;
    }

    /** Resets every flow to pair 0. */
    void clear() {
        java.util.Arrays.fill(pair, (byte) 0);
    }

    /**
     * Returns the slot for the addresses and ports in a frame's first piece. Frames whose first piece does not contain
     * them share slot 0.
     */
    private static int slot(long at, int length) {
        if (length < 34) {
            return 0;
        }
        int type = HostMemory.getShortBE(at + 12);
        long hash;
        int protocol;
        int ports;
        if (type == IPV4) {
            hash = HostMemory.getIntBE(at + 26) ^ HostMemory.getIntBE(at + 30);
            protocol = HostMemory.getByte(at + 23);
            boolean fragment = (HostMemory.getShortBE(at + 20) & 0x3fff) != 0;
            ports = fragment ? length : 14 + 4 * (HostMemory.getByte(at + 14) & 0xf);
        } else if (type == IPV6 && length >= 54) {
            hash = HostMemory.getLongBE(at + 22)
                    ^ HostMemory.getLongBE(at + 38)
                    ^ Long.rotateLeft(HostMemory.getLongBE(at + 30) ^ HostMemory.getLongBE(at + 46), 17);
            protocol = HostMemory.getByte(at + 20);
            ports = 54;
        } else {
            return 0;
        }
        if ((protocol == TCP || protocol == UDP) && ports + 4 <= length) {
            hash ^= (long) (HostMemory.getShortBE(at + ports) ^ HostMemory.getShortBE(at + ports + 2)) << 32;
        }
        hash *= 0x9e3779b97f4a7c15L;
        return (int) (hash >>> 54);
    }
}
