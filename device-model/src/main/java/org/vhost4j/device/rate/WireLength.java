// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * Calculates the length of a frame on the wire, from the destination MAC address on, without FCS. The length of a
 * super-frame is the sum of the lengths of its segments.
 */
public final class WireLength {
    private static final int UDP_BYTES = 8;
    private static final int LEAST_TCP_BYTES = 20;
    private static final int TCP_LENGTH_OFFSET = 12;

    private WireLength() {}

    /**
     * Calculates the length of a frame on the wire.
     *
     * @param frame a frame that the offload engine has checked; for an unchecked super-frame the result may be wrong
     * @param bytes the frame's length in bytes, which may differ from {@code frame.bytes}
     * @return size in bytes
     */
    public static long of(Frame frame, int bytes) {
        int type = frame.gsoType & ~(Frame.GSO_ECN | Frame.GSO_UDP_TUNNEL);
        if (type == Frame.GSO_NONE || frame.gsoSize <= 0) {
            return bytes;
        }
        int header = frame.checksumStart
                + switch (type) {
                    case Frame.GSO_UDP -> 0;
                    case Frame.GSO_UDP_L4 -> UDP_BYTES;
                    default -> tcpBytes(frame, bytes);
                };
        int payload = bytes - header;
        int segments = payload <= 0 ? 1 : (payload + frame.gsoSize - 1) / frame.gsoSize;
        return bytes + (long) (segments - 1) * header;
    }

    /** Returns the length of the TCP header, read from the sender's memory. */
    private static int tcpBytes(Frame frame, int bytes) {
        int at = frame.checksumStart + TCP_LENGTH_OFFSET;
        if (at >= bytes) {
            return LEAST_TCP_BYTES;
        }
        int piece = 0;
        while (at >= frame.length[piece]) {
            at -= frame.length[piece];
            piece++;
        }
        return Math.max(LEAST_TCP_BYTES, (HostMemory.getByte(frame.address[piece] + at) >>> 4) * 4);
    }
}
