// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.capture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.vhost4j.device.capture.CaptureRing;
import org.vhost4j.device.capture.CaptureRing.HeaderField;
import org.vhost4j.device.frame.Frame;

/**
 * Writes the blocks of a pcapng file (draft-ietf-opsawg-pcapng section 4), little-endian, with times in nanoseconds.
 */
final class PcapngBlocks {
    private static final int SECTION_HEADER = 0x0a0d_0d0a;
    private static final int INTERFACE_DESCRIPTION = 1;
    private static final int INTERFACE_STATISTICS = 5;
    private static final int ENHANCED_PACKET = 6;

    private static final int BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
    private static final int LINKTYPE_ETHERNET = 1;

    private static final int OPT_ENDOFOPT = 0;
    private static final int OPT_COMMENT = 1;
    private static final int SHB_USERAPPL = 4;
    private static final int IF_NAME = 2;
    private static final int IF_TSRESOL = 9;
    private static final int IF_FILTER = 11;
    private static final int EPB_FLAGS = 2;
    private static final int ISB_STARTTIME = 2;
    private static final int ISB_ENDTIME = 3;
    private static final int ISB_IFRECV = 4;
    private static final int ISB_IFDROP = 5;
    private static final int ISB_FILTERACCEPT = 6;

    private static final int NANOSECONDS = 9;

    /** Maximum size in bytes of a block, not counting the bytes of its frame. */
    static final int OVERHEAD = 512;

    private PcapngBlocks() {}

    /** Writes a section header block without the section's length, which is not known. */
    static void section(ByteBuffer to, String program) {
        int begin = begin(to, SECTION_HEADER);
        to.putInt(BYTE_ORDER_MAGIC).putShort((short) 1).putShort((short) 0).putLong(-1);
        text(to, SHB_USERAPPL, program);
        end(to, begin);
    }

    /** Writes an interface description block. */
    static void port(ByteBuffer to, String name, int snapLength, String filter) {
        int begin = begin(to, INTERFACE_DESCRIPTION);
        to.putShort((short) LINKTYPE_ETHERNET).putShort((short) 0).putInt(snapLength);
        text(to, IF_NAME, name);
        option(to, IF_TSRESOL, 1).put((byte) NANOSECONDS);
        pad(to);
        if (!filter.isEmpty()) {
            // A first byte of 0 means that the text is a libpcap filter expression.
            text(to, IF_FILTER, "\0" + filter);
        }
        end(to, begin);
    }

    /** Writes an enhanced packet block for a frame from a ring. */
    static void frame(ByteBuffer to, CaptureRing ring, int record) {
        int begin = begin(to, ENHANCED_PACKET);
        int length = ring.length(record);
        to.putInt(ring.port(record));
        time(to, ring.time(record));
        to.putInt(length).putInt(ring.originalLength(record));
        to.put(to.position(), ring.view(), ring.data(record), length);
        to.position(to.position() + length);
        pad(to);
        option(to, EPB_FLAGS, Integer.BYTES).putInt(ring.direction(record));
        String comment = comment(ring, record);
        if (!comment.isEmpty()) {
            text(to, OPT_COMMENT, comment);
        }
        end(to, begin);
    }

    /**
     * Returns the offloads that the virtio-net header requests, with the names of virtio 1.4 section 5.1.6; empty when
     * there are none.
     */
    private static String comment(CaptureRing ring, int record) {
        int flags = ring.header(record, HeaderField.FLAGS);
        int type = ring.header(record, HeaderField.GSO_TYPE);
        if (type == Frame.GSO_NONE && (flags & Frame.NEEDS_CSUM) == 0) {
            return "";
        }
        StringBuilder text = new StringBuilder("virtio-net: flags=")
                .append((flags & Frame.NEEDS_CSUM) != 0 ? "NEEDS_CSUM" : Integer.toString(flags));
        if (type != Frame.GSO_NONE) {
            text.append(" gso_type=")
                    .append(name(type))
                    .append(" gso_size=")
                    .append(ring.header(record, HeaderField.GSO_SIZE))
                    .append(" hdr_len=")
                    .append(ring.header(record, HeaderField.HDR_LEN));
        }
        return text.append(" csum_start=")
                .append(ring.header(record, HeaderField.CSUM_START))
                .append(" csum_offset=")
                .append(ring.header(record, HeaderField.CSUM_OFFSET))
                .toString();
    }

    private static String name(int gsoType) {
        String name = switch (gsoType & ~(Frame.GSO_ECN | Frame.GSO_UDP_TUNNEL)) {
            case Frame.GSO_TCPV4 -> "TCPV4";
            case Frame.GSO_TCPV6 -> "TCPV6";
            case Frame.GSO_UDP -> "UDP";
            case Frame.GSO_UDP_L4 -> "UDP_L4";
            default -> String.format(Locale.ROOT, "0x%02x", gsoType);
        };
        return name
                + ((gsoType & Frame.GSO_UDP_TUNNEL) != 0 ? "+UDP_TUNNEL" : "")
                + ((gsoType & Frame.GSO_ECN) != 0 ? "+ECN" : "");
    }

    /** Writes an interface statistics block. */
    static void statistics(ByteBuffer to, int port, long from, long until, long seen, long matched, long dropped) {
        int begin = begin(to, INTERFACE_STATISTICS);
        to.putInt(port);
        time(to, until);
        time(option(to, ISB_STARTTIME, Long.BYTES), from);
        time(option(to, ISB_ENDTIME, Long.BYTES), until);
        option(to, ISB_IFRECV, Long.BYTES).putLong(seen);
        option(to, ISB_IFDROP, Long.BYTES).putLong(dropped);
        option(to, ISB_FILTERACCEPT, Long.BYTES).putLong(matched);
        end(to, begin);
    }

    private static int begin(ByteBuffer to, int type) {
        to.order(ByteOrder.LITTLE_ENDIAN);
        int begin = to.position();
        to.putInt(type).putInt(0);
        return begin;
    }

    private static void end(ByteBuffer to, int begin) {
        to.putShort((short) OPT_ENDOFOPT).putShort((short) 0);
        int length = to.position() + Integer.BYTES - begin;
        to.putInt(length).putInt(begin + Integer.BYTES, length);
    }

    private static void time(ByteBuffer to, long nanos) {
        to.putInt((int) (nanos >>> 32)).putInt((int) nanos);
    }

    private static ByteBuffer option(ByteBuffer to, int code, int length) {
        return to.putShort((short) code).putShort((short) length);
    }

    private static void text(ByteBuffer to, int code, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        option(to, code, bytes.length).put(bytes);
        pad(to);
    }

    /** Pads to a multiple of 4 bytes, to which blocks and their fields are aligned. */
    private static void pad(ByteBuffer to) {
        while (to.position() % 4 != 0) {
            to.put((byte) 0);
        }
    }
}
