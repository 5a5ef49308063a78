// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

/** Numbers in the byte order of modern virtio devices: least significant byte first (virtio 1.4 section 1.4). */
public final class LittleEndian {
    private LittleEndian() {}

    /**
     * Reads an unsigned number.
     *
     * @param bytes array that contains the number: a copy that the driver cannot change
     * @param at index of the first byte
     * @param length length of the number, 1 to 8 bytes
     * @return the number; negative only when all 8 bytes are read and the top bit is set
     * @throws ArrayIndexOutOfBoundsException when the array ends before the number
     */
    public static long read(byte[] bytes, int at, int length) {
        long value = 0;
        for (int i = length - 1; i >= 0; i--) {
            value = (value << 8) | (bytes[at + i] & 0xff);
        }
        return value;
    }
}
