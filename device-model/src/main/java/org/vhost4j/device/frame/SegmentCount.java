// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.vhost4j.device.memory.HostMemory;

/**
 * The counts that a driver with RSC_EXT gets for a super-frame (virtio 1.4 section 5.1.6.4.1): the numbers of TCP
 * segments and of duplicate acknowledgements that were merged into it. Every super-frame has these counts, even if it
 * was not coalesced by this device. They replace csum_start and csum_offset in the header. The checksum is still
 * partial: a driver that needs its position determines it from the packet.
 */
public final class SegmentCount {
    private static final int DATA_OFFSET = 12;
    private static final int MAX = 0xffff;

    private SegmentCount() {}

    /**
     * Writes the counts of TCP segments and duplicate acknowledgements of a super-frame into its header, whose other
     * fields are already written. The header of a plain frame is not changed.
     */
    public static void write(long header, Frame frame) {
        if (frame.gsoType != Frame.GSO_NONE) {
            NetHeader.writeSegments(header, frame, segments(frame), Math.min(frame.duplicateAcks, MAX));
        }
    }

    /** Returns the number of TCP segments of a super-frame; 0 when it is not TCP. */
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

    /** Returns a byte of a frame, or 0 after its end. */
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
