// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/**
 * QEMU's encoding of strings: UTF-8 (RFC 3629) without the Unicode noncharacters, and with U+0000 as the two bytes C0 80.
 */
final class ModifiedUtf8 {
    private static final int INVALID = -1;
    /** The smallest code points that need sequences of 2 to 6 bytes. */
    private static final int[] LEAST = {0x80, 0x800, 0x10000, 0x20_0000, 0x400_0000};

    private final byte[] bytes;
    private final int end;
    private int at;

    private ModifiedUtf8(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /** Returns the text, with U+FFFD for malformed bytes. */
    static String lenient(byte[] bytes, int from, int to) {
        ModifiedUtf8 decoder = new ModifiedUtf8(bytes, from, to);
        StringBuilder text = new StringBuilder(to - from);
        while (decoder.at < to) {
            int codePoint = decoder.next();
            text.appendCodePoint(codePoint == INVALID ? 0xfffd : codePoint);
        }
        return text.toString();
    }

    /**
     * Appends one character.
     *
     * @return index of the next one, or -1 when there is no valid character
     */
    static int append(byte[] bytes, int at, int end, StringBuilder text) {
        ModifiedUtf8 decoder = new ModifiedUtf8(bytes, at, end);
        int codePoint = decoder.next();
        if (codePoint == INVALID) {
            return -1;
        }
        text.appendCodePoint(codePoint);
        return decoder.at;
    }

    /** Returns whether a number is a code point that is valid in a string. */
    static boolean isCharacter(int codePoint) {
        return codePoint >= 0
                && codePoint <= Character.MAX_CODE_POINT
                && !(codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE)
                && !(codePoint >= 0xfdd0 && codePoint <= 0xfdef)
                && (codePoint & 0xfffe) != 0xfffe;
    }

    /** Returns the next code point; of an incomplete sequence only its own bytes are consumed. */
    private int next() {
        int first = bytes[at++] & 0xff;
        if (first < 0x80) {
            return first;
        }
        if (first >= 0xfe || first < 0xc0) {
            return INVALID;
        }
        int more = Integer.numberOfLeadingZeros(~first << 24) - 1;
        int codePoint = first & (0x3f >>> more);
        for (int i = 0; i < more; i++) {
            if (at == end || (bytes[at] & 0xc0) != 0x80) {
                return INVALID;
            }
            codePoint = codePoint << 6 | (bytes[at++] & 0x3f);
        }
        boolean overlong = codePoint < LEAST[more - 1] && !(codePoint == 0 && more == 1);
        return overlong || !isCharacter(codePoint) ? INVALID : codePoint;
    }
}
