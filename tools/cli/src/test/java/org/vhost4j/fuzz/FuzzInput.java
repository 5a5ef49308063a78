// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.util.Arrays;

/** Reads numbers from the bytes of one run, little-endian; after the end all are zero. */
public final class FuzzInput {
    private final byte[] bytes;
    private int at;

    /**
     * Begins at the first byte.
     *
     * @param bytes of one run
     */
    public FuzzInput(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * How much is left.
     *
     * @return bytes
     */
    public int left() {
        return bytes.length - at;
    }

    /**
     * One byte.
     *
     * @return 0 to 255
     */
    public int u8() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    /**
     * Two bytes.
     *
     * @return 0 to 65535
     */
    public int u16() {
        return u8() | (u8() << 8);
    }

    /**
     * Four bytes.
     *
     * @return any number
     */
    public int i32() {
        return u16() | (u16() << 16);
    }

    /**
     * Eight bytes.
     *
     * @return any number
     */
    public long i64() {
        return (i32() & 0xffff_ffffL) | ((long) i32() << 32);
    }

    /**
     * The next bytes as they are.
     *
     * @param most how many at most
     * @return fewer when fewer are left
     */
    public byte[] take(int most) {
        byte[] taken = Arrays.copyOfRange(bytes, at, at + Math.min(most, left()));
        at += taken.length;
        return taken;
    }
}
