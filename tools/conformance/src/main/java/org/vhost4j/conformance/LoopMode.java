// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;
import org.vhost4j.tools.common.UnsupportedOption;

/** How a back-end returns the frames that it is sent. */
public enum LoopMode {
    /** Not at all. */
    NONE("returns no frames"),
    /** As they are. */
    ECHO("returns frames as they are"),
    /** With source and destination MAC address exchanged. */
    MACSWAP("returns frames with the MAC addresses exchanged");

    /** The value on a command line for finding out. */
    public static final String AUTO = "auto";

    private static final int MAC_BYTES = 6;

    private final String text;

    LoopMode(String text) {
        this.text = text;
    }

    /**
     * The mode that a command line names.
     *
     * @param word {@code echo}, {@code macswap}, {@code none}, or {@code auto} to find out
     * @return the mode, or nothing for {@code auto}
     * @throws UnsupportedOption when it is none of these
     */
    public static Optional<LoopMode> ofOption(String word) {
        if (word.equals(AUTO)) {
            return Optional.empty();
        }
        for (LoopMode mode : values()) {
            if (word.equals(mode.name().toLowerCase(Locale.ROOT))) {
                return Optional.of(mode);
            }
        }
        throw new UnsupportedOption("--loop=" + word + ": echo, macswap, none or auto");
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
