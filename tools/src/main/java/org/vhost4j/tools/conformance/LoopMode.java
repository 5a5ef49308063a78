// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.nio.ByteBuffer;

/** How a back-end returns the frames that it is sent. */
public enum LoopMode {
    /** Not at all. */
    NONE("returns no frames"),
    /** As they are. */
    ECHO("returns frames as they are"),
    /** With source and destination MAC address exchanged. */
    MACSWAP("returns frames with the MAC addresses exchanged");

    private static final int MAC_BYTES = 6;

    private final String text;

    LoopMode(String text) {
        this.text = text;
    }

    /**
     * The mode in words.
     *
     * @return such as {@code returns no frames}
     */
    public String text() {
        return text;
    }

    /**
     * What comes for a frame.
     *
     * @param frame as it is sent
     * @return as it returns
     */
    public byte[] returned(byte[] frame) {
        byte[] back = frame.clone();
        if (this == MACSWAP) {
            ByteBuffer.wrap(back).put(frame, MAC_BYTES, MAC_BYTES).put(frame, 0, MAC_BYTES);
        }
        return back;
    }
}
