// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.io.ByteArrayOutputStream;

/** Writes what {@link FuzzInput} reads. */
public final class ByteList {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /** Nothing yet. */
    public ByteList() {}

    /**
     * One byte.
     *
     * @param value its low 8 bits
     * @return this
     */
    public ByteList u8(int value) {
        bytes.write(value);
        return this;
    }

    /**
     * Two bytes, little-endian.
     *
     * @param value its low 16 bits
     * @return this
     */
    public ByteList u16(int value) {
        return u8(value).u8(value >>> 8);
    }

    /**
     * Four bytes, little-endian.
     *
     * @param value all of it
     * @return this
     */
    public ByteList i32(int value) {
        return u16(value).u16(value >>> 16);
    }

    /**
     * Eight bytes, little-endian.
     *
     * @param value all of it
     * @return this
     */
    public ByteList i64(long value) {
        return i32((int) value).i32((int) (value >>> 32));
    }

    /**
     * Bytes as they are.
     *
     * @param value all of them
     * @return this
     */
    public ByteList all(byte[] value) {
        bytes.writeBytes(value);
        return this;
    }

    /**
     * What was written.
     *
     * @return a copy
     */
    public byte[] bytes() {
        return bytes.toByteArray();
    }
}
