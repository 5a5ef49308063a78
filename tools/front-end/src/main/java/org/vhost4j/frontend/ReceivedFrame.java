// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import org.vhost4j.device.driver.DriverHeader;

/** A frame as a driver got it. */
public final class ReceivedFrame {
    private final DriverHeader header;
    private final long hash;
    private final byte[] bytes;
    private final int pair;

    /**
     * A frame.
     *
     * @param hash hash_value in the low 32 bits, hash_report in the next 16
     */
    ReceivedFrame(DriverHeader header, long hash, byte[] bytes, int pair) {
        this.header = header;
        this.hash = hash;
        this.bytes = bytes;
        this.pair = pair;
    }

    /**
     * The header.
     *
     * @return every field as the device wrote it; numBuffers of a legacy header is 1
     */
    public DriverHeader header() {
        return header;
    }

    /**
     * The hash that the device reported (HASH_REPORT).
     *
     * @return hash_value; 0 in a header without one
     */
    public int hashValue() {
        return (int) hash;
    }

    /**
     * What the hash was calculated over.
     *
     * @return hash_report, 16 bits; 0 for none
     */
    public int hashReport() {
        return (int) (hash >>> 32) & 0xffff;
    }

    /**
     * The frame without the header.
     *
     * @return a copy
     */
    public byte[] bytes() {
        return bytes.clone();
    }

    /**
     * The queue pair that it came by.
     *
     * @return from 0
     */
    public int pair() {
        return pair;
    }
}
