// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.util.Arrays;

/** Reads numbers from the bytes of one run, little-endian; after the end all are zero. */
public final class FuzzInput {
    private final byte[] bytes;
    private int at;

    /**
     * Creates a reader at the first byte.
     *
     * @param bytes the input of one run
     */
    public FuzzInput(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Returns the number of unread bytes.
     *
     * @return at least 0
     */
    public int left() {
        return bytes.length - at;
    }

    /**
     * Reads one byte.
     *
     * @return 0 to 255
     */
    public int u8() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    /**
     * Reads two bytes.
     *
     * @return 0 to 65535
     */
    public int u16() {
        return u8() | (u8() << 8);
    }

    /**
     * Reads four bytes.
     *
     * @return any number
     */
    public int i32() {
        return u16() | (u16() << 16);
    }

    /**
     * Reads eight bytes.
     *
     * @return any number
     */
    public long i64() {
        return (i32() & 0xffff_ffffL) | ((long) i32() << 32);
    }

    /**
     * Reads bytes.
     *
     * @param most maximum number of bytes
     * @return the bytes; fewer at the end
     */
    public byte[] take(int most) {
        byte[] taken = Arrays.copyOfRange(bytes, at, at + Math.min(most, left()));
        at += taken.length;
        return taken;
    }
}
