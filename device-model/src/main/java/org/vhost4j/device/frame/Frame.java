// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.vhost4j.device.ring.Chain;

/**
 * One Ethernet frame: the virtio-net header, already copied out of guest memory, and a scatter list of the frame's
 * bytes, which are not copied.
 *
 * <p>The object is reused for the next frame and belongs to the lane that fills it. Addresses are host addresses that
 * were checked against the memory table when they were added; they stay valid until the burst ends. The fields are
 * public because every packet of the datapath uses this object.
 */
public final class Frame {
    /** No segmentation. */
    public static final int GSO_NONE = 0;
    /** TCP over IPv4. */
    public static final int GSO_TCPV4 = 1;
    /** UDP, to be fragmented into IP fragments (UFO). */
    public static final int GSO_UDP = 3;
    /** TCP over IPv6. */
    public static final int GSO_TCPV6 = 4;
    /** UDP, to be segmented into datagrams (USO). */
    public static final int GSO_UDP_L4 = 5;
    /** Flag with a TCP type: the first segment has the CWR flag set. */
    public static final int GSO_ECN = 0x80;
    /** Bit with a TCP type or {@link #GSO_UDP_L4}: the packet is inside UDP over IPv4. */
    public static final int GSO_UDP_TUNNEL_IPV4 = 0x20;
    /** Bit with a TCP type or {@link #GSO_UDP_L4}: the packet is inside UDP over IPv6. */
    public static final int GSO_UDP_TUNNEL_IPV6 = 0x40;
    /** Mask of the two tunnel bits; a frame has at most one of them. */
    public static final int GSO_UDP_TUNNEL = GSO_UDP_TUNNEL_IPV4 | GSO_UDP_TUNNEL_IPV6;
    /** Header flag: the checksum at {@code checksumStart + checksumOffset} must be completed. */
    public static final int NEEDS_CSUM = 1;
    /** Header flag: the checksum was verified. */
    public static final int DATA_VALID = 2;
    /** Header flag of frames to a driver with RSC_EXT: the checksum fields contain counts of segments. */
    public static final int RSC_INFO = 4;
    /** Header flag, with a tunnel bit: the checksum of the outer UDP header must be completed, too. */
    public static final int UDP_TUNNEL_CSUM = 8;
    /** Value of {@link #needs}: the offload engine has not checked this frame yet. */
    public static final int UNCHECKED = -1;
    /** The maximum number of pieces of a frame. */
    public static final int MAX_PIECES = 1026;

    /** Length of an Ethernet header without tags; no frame is shorter. */
    public static final int ETHERNET_HEADER = 14;
    /** The maximum size of a frame in bytes: that of the largest IPv6 packet with two VLAN tags. */
    public static final int MAX_BYTES = ETHERNET_HEADER + 2 * 4 + 40 + 65535;

    /** Host address of each piece. */
    public final long[] address = new long[MAX_PIECES];
    /** Length of each piece in bytes, at least 1. */
    public final int[] length = new int[MAX_PIECES];
    /** The number of pieces. */
    public int pieces;
    /**
     * Sum of the lengths: the frame's size from the destination MAC address to the end, without virtio-net header and
     * FCS.
     */
    public int bytes;

    /** Header: {@link #NEEDS_CSUM}, {@link #DATA_VALID}. */
    public int flags;
    /** Header: one of the {@code GSO_} types, with {@link #GSO_ECN} or without. */
    public int gsoType;
    /** Header: length of all protocol headers in bytes, as set by the sender; a hint that may be wrong. */
    public int headerLength;
    /** Header: payload bytes in each segment. */
    public int gsoSize;
    /** Header: offset in the frame at which the checksum calculation starts. */
    public int checksumStart;
    /** Header: offset after {@link #checksumStart} at which the checksum is stored. */
    public int checksumOffset;
    /** Header, with a tunnel bit: offset in the frame of the outer UDP header. */
    public int outerTransportOffset;
    /** Header, with a tunnel bit: offset in the frame of the inner IP header. */
    public int innerNetworkOffset;

    /**
     * Offloads that the receiver must accept to get the frame unchanged, as a mask of {@link Offloads}; {@link
     * #UNCHECKED} until the offload engine has compared the header with the packet.
     */
    public int needs = UNCHECKED;
    /**
     * Number of segments of this super-frame that were delivered so far: 0, unless the offload engine returned {@link
     * FramePort#NO_ROOM} after some of them. Set it to 0 before sending the frame to another receiver.
     */
    public int segmentsDone;
    /**
     * Number of segments or fragments that the offload engine has made of this super-frame, counted over all receivers.
     */
    public int segmentsMade;
    /** Total size in bytes of the segments that {@link #segmentsMade} counts, each with its headers. */
    public int segmentBytes;
    /**
     * Number of frames that a {@link org.vhost4j.device.offload.Coalescer} has merged into this super-frame; 0 when it
     * arrived as a super-frame.
     */
    public int coalesced;
    /** Number of duplicate acknowledgements that were merged into this super-frame. */
    public int duplicateAcks;
    /** IPv6 identification of the fragments sent so far; valid while {@link #segmentsDone} is not 0. */
    public int fragmentId;

    /** Creates an empty frame. */
    public Frame() {}

    /** Empties the scatter list and the header. */
    public void clear() {
        pieces = 0;
        bytes = 0;
        clearHeader();
    }

    /** Sets the header to that of a plain frame that is not checked yet. */
    public void clearHeader() {
        flags = 0;
        gsoType = GSO_NONE;
        headerLength = 0;
        gsoSize = 0;
        checksumStart = 0;
        checksumOffset = 0;
        outerTransportOffset = 0;
        innerNetworkOffset = 0;
        needs = UNCHECKED;
        segmentsDone = 0;
        segmentsMade = 0;
        segmentBytes = 0;
        coalesced = 0;
        duplicateAcks = 0;
    }

    /**
     * Copies the header of another frame, without the tunnel fields.
     *
     * @param other the frame whose header is copied
     */
    public void header(Frame other) {
        flags = other.flags;
        gsoType = other.gsoType;
        headerLength = other.headerLength;
        gsoSize = other.gsoSize;
        checksumStart = other.checksumStart;
        checksumOffset = other.checksumOffset;
    }

    /**
     * Makes this frame a copy of another one, without delivered segments.
     *
     * @param other the other frame, whose bytes are not copied
     */
    public void copy(Frame other) {
        clear();
        header(other);
        outerTransportOffset = other.outerTransportOffset;
        innerNetworkOffset = other.innerNetworkOffset;
        needs = other.needs;
        System.arraycopy(other.address, 0, address, 0, other.pieces);
        System.arraycopy(other.length, 0, length, 0, other.pieces);
        pieces = other.pieces;
        bytes = other.bytes;
    }

    /**
     * Sets the scatter list to the pieces of a chain, without the chain's first bytes.
     *
     * @param chain the chain, which is at least one byte longer than the skipped part
     * @param piece index of the piece that contains the frame's first byte, or precedes it
     * @param skipped number of bytes of that piece that precede the frame, up to all of them
     * @param bytesOfFrame number of bytes of the frame
     */
    public void take(Chain chain, int piece, int skipped, int bytesOfFrame) {
        int first = chain.length[piece] == skipped ? piece + 1 : piece;
        int n = chain.pieces - first;
        System.arraycopy(chain.address, first, address, 0, n);
        System.arraycopy(chain.length, first, length, 0, n);
        if (first == piece) {
            address[0] += skipped;
            length[0] -= skipped;
        }
        pieces = n;
        bytes = bytesOfFrame;
    }

    /**
     * Appends a piece.
     *
     * @param hostAddress host address of the piece, checked by the caller
     * @param bytesOfPiece length of the piece in bytes, at least 1
     * @return false when the frame has no room for another piece
     */
    public boolean add(long hostAddress, int bytesOfPiece) {
        int n = pieces;
        if (n == MAX_PIECES) {
            return false;
        }
        address[n] = hostAddress;
        length[n] = bytesOfPiece;
        pieces = n + 1;
        bytes += bytesOfPiece;
        return true;
    }
}
