// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.frontend;

import org.vhost4j.device.driver.DriverHeader;

/** A frame as a driver got it. */
public final class ReceivedFrame {
    private final DriverHeader header;
    private final byte[] bytes;
    private final int pair;

    ReceivedFrame(DriverHeader header, byte[] bytes, int pair) {
        this.header = header;
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
