// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.lang.foreign.Arena;
import org.vhost4j.device.loopback.BridgedGuests;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.net.NetHeader;

/**
 * Frames that no guest sends: they pass a bridge of their own before any guest's do.
 *
 * <p>The ahead-of-time cache knows how the datapath behaves, and the compiler makes code of it as soon as a front-end attaches. But
 * code that was made before a class behind it was initialized is thrown away when that happens, which without this is with the
 * guest's first frame; and then the datapath is interpreted, and the compiler starts anew.
 */
final class FirstFrames {
    private static final int FRAMES = 4;
    private static final int RING_SIZE = 16;
    private static final int QUEUE_MEMORY = 64 << 10;
    private static final int FRAME_BYTES = 60;
    /** First two bytes of addresses that nobody has. */
    private static final int TO = 0x0200;

    private static final int FROM = 0x0201;

    private FirstFrames() {}

    /**
     * Moves them, in a few milliseconds.
     *
     * @return how many arrived
     */
    static int move() {
        int arrived = 0;
        try (Arena arena = Arena.ofConfined()) {
            for (boolean packed : new boolean[] {false, true}) {
                BridgedGuests guests =
                        new BridgedGuests(arena, packed, BridgedGuests.Way.PLAIN, RING_SIZE, QUEUE_MEMORY);
                long header = guests.allocate(NetHeader.BYTES + FRAME_BYTES);
                HostMemory.putShortBE(header + NetHeader.BYTES, TO);
                HostMemory.putShortBE(header + NetHeader.BYTES + 6, FROM);
                for (int i = 0; i < FRAMES; i++) {
                    guests.offer(header, NetHeader.BYTES + FRAME_BYTES);
                }
                arrived += guests.exchange();
            }
        }
        return arrived;
    }
}
