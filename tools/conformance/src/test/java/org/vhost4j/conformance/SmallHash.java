// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.nio.ByteBuffer;

/** The hashes that a {@link SmallBackEnd} reports of frames (virtio 1.4, 5.1.6.4.3). */
final class SmallHash {
    private static final int ETHERNET = 14;
    private static final int KEY_BYTES = 40;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int TCP = 6;
    private static final int UDP = 17;
    /** A report for each of hash_types' low bits: IPv4, TCPv4, UDPv4, and the same with IPv6. */
    private static final int KINDS = 3;

    private final Fault fault;
    private int types;
    private byte[] key = new byte[KEY_BYTES];

    SmallHash(Fault fault) {
        this.fault = fault;
    }

    void reset() {
        types = fault == Fault.HASH_EARLY ? 0x3f : 0;
        key = new byte[KEY_BYTES];
    }

    /** Takes VIRTIO_NET_CTRL_MQ_HASH_CONFIG; false for a wrong one. */
    boolean configure(ByteBuffer data) {
        if (data.remaining() < Integer.BYTES + Long.BYTES + 1) {
            return false;
        }
        int wanted = data.getInt();
        data.getLong();
        int length = data.get() & 0xff;
        if ((length > KEY_BYTES || length != data.remaining()) && fault != Fault.HASH_ANY_KEY) {
            return false;
        }
        byte[] given = new byte[KEY_BYTES];
        data.get(given, 0, Math.min(KEY_BYTES, data.remaining()));
        key = given;
        types = wanted;
        return true;
    }

    /** Writes hash_value and hash_report of a frame into its header. */
    void report(byte[] frame, ByteBuffer header) {
        int type = get16(frame, 12);
        boolean six = type == IPV6;
        if (!six && type != IPV4) {
            return;
        }
        int protocol = frame[six ? ETHERNET + 6 : ETHERNET + 9] & 0xff;
        int addresses = six ? ETHERNET + 8 : ETHERNET + 12;
        int addressBytes = six ? 32 : 8;
        int transport = ETHERNET + (six ? 40 : (frame[ETHERNET] & 0xf) * 4);
        int kind = protocol == TCP ? 1 : protocol == UDP ? 2 : 0;
        int first = six ? KINDS : 0;
        boolean any = fault == Fault.HASH_UNSELECTED && types != 0;
        if (!any && (kind == 0 || (types & 1 << (first + kind)) == 0)) {
            kind = 0;
            if ((types & 1 << first) == 0) {
                return;
            }
        }
        byte[] input = new byte[addressBytes + (kind > 0 ? Integer.BYTES : 0)];
        System.arraycopy(frame, addresses, input, 0, addressBytes);
        if (kind > 0 && fault != Fault.HASH_WITHOUT_PORTS) {
            System.arraycopy(frame, transport, input, addressBytes, Integer.BYTES);
        }
        header.putInt(12, toeplitz(input));
        header.putShort(16, (short) (1 + kind + (fault == Fault.HASH_REPORT_IPV4 ? 0 : first)));
    }

    private int toeplitz(byte[] input) {
        int hash = 0;
        for (int bit = 0; bit < input.length * 8; bit++) {
            if ((input[bit / 8] & 0x80 >> bit % 8) != 0) {
                hash ^= window(bit);
            }
        }
        return hash;
    }

    /** The key's 32 bits that begin at a bit. */
    private int window(int bit) {
        long five = 0;
        for (int i = 0; i < 5; i++) {
            five = (five << 8) | (key[(bit / 8 + i) % KEY_BYTES] & 0xff);
        }
        return (int) (five >>> (8 - bit % 8));
    }

    private static int get16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }
}
