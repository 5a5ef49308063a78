// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;
import org.vhost4j.tools.common.UnsupportedOption;

/** The way in which a back-end returns the frames that it receives from the driver. */
public enum LoopMode {
    /** Frames are not returned. */
    NONE("returns no frames"),
    /** Frames are returned unchanged. */
    ECHO("returns frames unchanged"),
    /** Frames are returned with source and destination MAC address exchanged. */
    MACSWAP("returns frames with the MAC addresses exchanged");

    /** The command-line value that makes the suite detect the mode. */
    public static final String AUTO = "auto";

    private static final int MAC_BYTES = 6;

    private final String text;

    LoopMode(String text) {
        this.text = text;
    }

    /**
     * Parses the value of a command-line option.
     *
     * @param word {@code echo}, {@code macswap}, {@code none}, or {@code auto} to detect the mode
     * @return the mode, or nothing for {@code auto}
     * @throws UnsupportedOption when the value is none of these
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
     * Returns a description of the mode.
     *
     * @return a clause such as {@code returns no frames}
     */
    public String text() {
        return text;
    }

    /**
     * Calculates the frame that is returned for a frame.
     *
     * @param frame the frame that is sent
     * @return the frame that returns
     */
    public byte[] returned(byte[] frame) {
        byte[] back = frame.clone();
        if (this == MACSWAP) {
            ByteBuffer.wrap(back).put(frame, MAC_BYTES, MAC_BYTES).put(frame, 0, MAC_BYTES);
        }
        return back;
    }
}
