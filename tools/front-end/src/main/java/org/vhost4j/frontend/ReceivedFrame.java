// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import org.vhost4j.device.driver.DriverHeader;

/** A frame that a driver received. */
public final class ReceivedFrame {
    private final DriverHeader header;
    private final long hash;
    private final byte[] bytes;
    private final int pair;

    /**
     * Creates a frame.
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
     * Returns the virtio-net header.
     *
     * @return the header, with every field as the device wrote it; numBuffers of a legacy header is 1
     */
    public DriverHeader header() {
        return header;
    }

    /**
     * Returns the hash that the device reported (HASH_REPORT).
     *
     * @return the field hash_value; 0 for a header without it
     */
    public int hashValue() {
        return (int) hash;
    }

    /**
     * Returns the type of the hash that the device reported.
     *
     * @return the 16-bit field hash_report; 0 for none
     */
    public int hashReport() {
        return (int) (hash >>> 32) & 0xffff;
    }

    /**
     * Returns the frame without the virtio-net header.
     *
     * @return a copy
     */
    public byte[] bytes() {
        return bytes.clone();
    }

    /**
     * Returns the number of the queue pair on which the frame was received.
     *
     * @return the number, from 0
     */
    public int pair() {
        return pair;
    }
}
