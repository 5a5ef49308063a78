// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.vhost4j.device.steering.HashTypes;
import org.vhost4j.device.steering.RssConfig;
import org.vhost4j.device.steering.Toeplitz;

/**
 * The config space of a network device (virtio 1.4 section 5.1.4), little-endian:
 *
 * <pre>
 *   0  u8   mac[6]
 *   6  le16 status               LINK_UP 1, ANNOUNCE 2
 *   8  le16 max_virtqueue_pairs
 *  10  le16 mtu
 *  12  le32 speed                0xffffffff: unknown
 *  16  u8   duplex               0 half, 1 full, 0xff: unknown
 *  17  u8   rss_max_key_size
 *  18  le16 rss_max_indirection_table_length
 *  20  le32 supported_hash_types
 * </pre>
 *
 * Fields of features that were not offered are present, too; a driver does not read them. Bytes after the last field
 * read as zero.
 */
public final class NetConfigSpace {
    /** The size of the fields in bytes; {@code config_size=} of QEMU's generic device must be at least this. */
    public static final int BYTES = 24;

    private static final int MAC_BYTES = 6;
    private static final int STATUS_OFFSET = 6;
    private static final int LINK_UP = 1;
    private static final int ANNOUNCE = 2;

    private final byte[] bytes = new byte[BYTES];
    private boolean macWritable;

    /**
     * Creates a config space.
     *
     * @param mac the MAC address, 48 bits, first byte highest
     * @param maxPairs max_virtqueue_pairs, 1 to 32768
     * @param mtu the MTU in bytes, or 0 without MTU
     * @param speed speed and duplex mode, or {@link LinkSpeed#UNKNOWN}
     */
    public NetConfigSpace(long mac, int maxPairs, int mtu, LinkSpeed speed) {
        setMac(mac);
        putShort(STATUS_OFFSET, LINK_UP);
        putShort(8, maxPairs);
        putShort(10, mtu);
        putShort(12, speed.megabits());
        putShort(14, speed.megabits() >>> 16);
        bytes[16] = (byte) speed.duplex().value();
        bytes[17] = Toeplitz.KEY_BYTES;
        putShort(18, RssConfig.MAX_TABLE);
        putShort(20, HashTypes.ALL);
    }

    /**
     * Sets whether the link is up.
     *
     * @param up whether LINK_UP is set in {@code status}
     */
    void linkUp(boolean up) {
        status(LINK_UP, up);
    }

    /**
     * Requests that the driver announce its addresses, or withdraws the request.
     *
     * @param wanted whether ANNOUNCE is set in {@code status}
     */
    void announce(boolean wanted) {
        status(ANNOUNCE, wanted);
    }

    private void status(int bit, boolean on) {
        bytes[STATUS_OFFSET] = (byte) (on ? bytes[STATUS_OFFSET] | bit : bytes[STATUS_OFFSET] & ~bit);
    }

    /**
     * Reads a range of bytes.
     *
     * @param offset offset of the first byte, 0 or more
     * @param length number of bytes, 0 or more
     * @return exactly {@code length} bytes
     */
    public byte[] read(int offset, int length) {
        byte[] range = new byte[length];
        if (offset < BYTES) {
            System.arraycopy(bytes, offset, range, 0, Math.min(length, BYTES - offset));
        }
        return range;
    }

    /**
     * Writes a range of bytes. A driver may change only the MAC address, and only without VERSION_1; with VERSION_1 it
     * uses the control queue. Every driver may write unchanged bytes, because QEMU writes the whole config space.
     *
     * @param offset offset of the first byte, 0 or more
     * @param data the bytes
     * @return false when the range would change a byte that is not writable; nothing is written then
     */
    public boolean write(int offset, byte[] data) {
        byte[] now = read(offset, data.length);
        for (int i = 0; i < data.length; i++) {
            if (data[i] != now[i] && !(macWritable && offset + i < MAC_BYTES)) {
                return false;
            }
        }
        for (int i = 0; i < data.length && offset + i < MAC_BYTES; i++) {
            bytes[offset + i] = data[i];
        }
        return true;
    }

    /**
     * Returns the MAC address.
     *
     * @return 48 bits, first byte highest
     */
    public long mac() {
        long mac = 0;
        for (int i = 0; i < 6; i++) {
            mac = (mac << 8) | (bytes[i] & 0xff);
        }
        return mac;
    }

    /**
     * Changes the MAC address.
     *
     * @param mac 48 bits, first byte highest
     */
    public void setMac(long mac) {
        for (int i = 0; i < 6; i++) {
            bytes[i] = (byte) (mac >>> (40 - 8 * i));
        }
    }

    /**
     * Sets whether the driver may write the MAC address.
     *
     * @param writable true for a driver without VERSION_1
     */
    void macWritable(boolean writable) {
        macWritable = writable;
    }

    /** Returns the field {@code status}: the link state, and whether the driver must announce its addresses. */
    int status() {
        return bytes[STATUS_OFFSET];
    }

    /** Sets the field {@code status} to that of a device in another process. */
    void status(int status) {
        bytes[STATUS_OFFSET] = (byte) (status & (LINK_UP | ANNOUNCE));
    }

    private void putShort(int offset, int value) {
        bytes[offset] = (byte) value;
        bytes[offset + 1] = (byte) (value >>> 8);
    }
}
