// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import org.vhost4j.device.memory.HostMemory;

/**
 * The Toeplitz hash of receive-side scaling (virtio 1.4 section 5.1.6.4.3). For each set bit of the input, the 32 bits
 * of the key that begin at the same bit position are XORed. Bit 0 is the highest bit of the first byte.
 *
 * <p>A table contains the result for each value of each half byte of the input, so that a byte costs two look-ups. The
 * key is 32 bits longer than the input: 40 bytes are enough for two IPv6 addresses and two ports.
 */
public final class Toeplitz {
    /** The maximum length of a key in bytes. */
    public static final int KEY_BYTES = 40;
    /** The maximum length of the input in bytes. */
    static final int INPUT_BYTES = KEY_BYTES - Integer.BYTES;

    private static final int VALUES = 16;

    private final int[] sums = new int[INPUT_BYTES * 2 * VALUES];

    /** Creates a hash with a key of zeros, so that its value is always 0. */
    Toeplitz() {}

    /**
     * Sets the key.
     *
     * @param key at most {@value #KEY_BYTES} bytes; missing bytes are 0
     */
    void key(byte[] key) {
        for (int place = 0; place < 2 * INPUT_BYTES; place++) {
            for (int value = 0; value < VALUES; value++) {
                int sum = 0;
                for (int bit = 0; bit < 4; bit++) {
                    if ((value >>> (3 - bit) & 1) != 0) {
                        sum ^= window(key, 4 * place + bit);
                    }
                }
                sums[place * VALUES + value] = sum;
            }
        }
    }

    /** Returns the 32 bits of the key from a bit on. */
    private static int window(byte[] key, int firstBit) {
        int window = 0;
        for (int bit = firstBit; bit < firstBit + Integer.SIZE; bit++) {
            int octet = bit / 8 < key.length ? key[bit / 8] : 0;
            window = window << 1 | (octet >>> (7 - bit % 8) & 1);
        }
        return window;
    }

    /**
     * Continues a hash with a further piece of the input.
     *
     * @param hash hash of the preceding pieces, 0 at the beginning
     * @param place number of preceding bytes of the input
     * @param address host address of the piece
     * @param bytes length of the piece in bytes
     * @return the hash with this piece
     */
    int add(int hash, int place, long address, int bytes) {
        int sum = hash;
        int at = place * 2 * VALUES;
        for (int i = 0; i < bytes; i++) {
            int octet = HostMemory.getByte(address + i);
            sum ^= sums[at + (octet >>> 4)] ^ sums[at + VALUES + (octet & 0xf)];
            at += 2 * VALUES;
        }
        return sum;
    }
}
