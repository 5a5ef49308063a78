// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.vhost4j.device.memory.HostMemory;

/**
 * What a driver with RSC_EXT learns of a super-frame (virtio 1.4 section 5.1.6.4.1): how many TCP segments and duplicate
 * acknowledgements it stands for. It learns this of every super-frame, also of those that came as one, and the counts are where the
 * header has the checksum's place otherwise. The checksum is as partial as ever: a driver that needs its place finds it in the packet.
 */
public final class SegmentCount {
    private static final int DATA_OFFSET = 12;
    private static final int MAX = 0xffff;

    private SegmentCount() {}

    /** Puts the counts into a header that was written; does nothing to that of a plain frame. */
    public static void write(long header, Frame frame) {
        if (frame.gsoType != Frame.GSO_NONE) {
            NetHeader.writeSegments(header, frame, segments(frame), Math.min(frame.duplicateAcks, MAX));
        }
    }

    /** TCP segments of a super-frame; 0 when it is not TCP. */
    private static int segments(Frame frame) {
        int type = frame.gsoType & ~Frame.GSO_ECN;
        if (type != Frame.GSO_TCPV4 && type != Frame.GSO_TCPV6) {
            return 0;
        }
        if (frame.coalesced != 0) {
            return frame.coalesced;
        }
        int headers = frame.checksumStart + 4 * (byteAt(frame, frame.checksumStart + DATA_OFFSET) >>> 4);
        int size = Math.max(1, frame.gsoSize);
        return Math.clamp(Math.ceilDiv(frame.bytes - headers, size), 1, MAX);
    }

    /** A byte of a frame, or 0 after its end. */
    private static int byteAt(Frame frame, int offset) {
        int left = offset;
        for (int i = 0; i < frame.pieces; i++) {
            if (left < frame.length[i]) {
                return HostMemory.getByte(frame.address[i] + left);
            }
            left -= frame.length[i];
        }
        return 0;
    }
}
