// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/** The position in a receiver's reserved buffers after the bytes written so far. */
final class LandingCursor {
    private Frame landing = new Frame();
    private int piece;
    private int offset;

    /** Moves to the start of a reservation, to which pieces may be appended later. */
    void start(Frame room) {
        landing = room;
        piece = 0;
        offset = 0;
    }

    /** Writes a frame's bytes from an offset to its end; the caller has checked that there is room. */
    void append(Frame frame, int from) {
        int skip = from;
        for (int i = 0; i < frame.pieces; i++) {
            int length = frame.length[i];
            if (skip >= length) {
                skip -= length;
            } else {
                write(frame.address[i] + skip, length - skip);
                skip = 0;
            }
        }
    }

    /** Writes bytes; the caller has checked that there is room. */
    void write(long from, int bytes) {
        long at = from;
        int left = bytes;
        while (left > 0) {
            int room = landing.length[piece] - offset;
            if (room == 0) {
                piece++;
                offset = 0;
                continue;
            }
            int part = Math.min(left, room);
            HostMemory.copy(at, landing.address[piece] + offset, part);
            at += part;
            offset += part;
            left -= part;
        }
    }
}
