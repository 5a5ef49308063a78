// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.io.ByteArrayOutputStream;

/** Builds inputs for {@link FuzzInput}. */
public final class ByteList {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /** Creates an empty list. */
    public ByteList() {}

    /**
     * Appends one byte.
     *
     * @param value the byte, in its low 8 bits
     * @return this
     */
    public ByteList u8(int value) {
        bytes.write(value);
        return this;
    }

    /**
     * Appends two bytes, little-endian.
     *
     * @param value the number, in its low 16 bits
     * @return this
     */
    public ByteList u16(int value) {
        return u8(value).u8(value >>> 8);
    }

    /**
     * Appends four bytes, little-endian.
     *
     * @param value the number
     * @return this
     */
    public ByteList i32(int value) {
        return u16(value).u16(value >>> 16);
    }

    /**
     * Appends eight bytes, little-endian.
     *
     * @param value the number
     * @return this
     */
    public ByteList i64(long value) {
        return i32((int) value).i32((int) (value >>> 32));
    }

    /**
     * Appends an array.
     *
     * @param value the bytes
     * @return this
     */
    public ByteList all(byte[] value) {
        bytes.writeBytes(value);
        return this;
    }

    /**
     * Returns the appended bytes.
     *
     * @return a copy
     */
    public byte[] bytes() {
        return bytes.toByteArray();
    }
}
