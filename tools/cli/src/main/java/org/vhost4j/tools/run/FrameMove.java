// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/** Writes and reads the hand-over state of a frame that a port has read but not forwarded. */
final class FrameMove {
    private FrameMove() {}

    /** Writes a frame, or a mark that there is none. */
    static void save(@Nullable HeldFrame held, StateWriter to) {
        to.flag(held != null);
        if (held != null) {
            to.number(held.frame().needs).number(held.frame().segmentsDone).block(held.bytes());
        }
    }

    /** Reads a frame; null for none. */
    static @Nullable HeldFrame read(String port, StateReader from) throws HandOverException {
        if (!from.flag()) {
            return null;
        }
        int needs = from.number();
        int segments = from.number();
        try {
            return HeldFrame.of(0, from.block(), needs, segments);
        } catch (IllegalArgumentException e) {
            throw new HandOverException(port + " came with " + e.getMessage());
        }
    }
}
