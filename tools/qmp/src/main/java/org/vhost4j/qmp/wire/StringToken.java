// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/** Removes quotes and escapes from a string token. */
final class StringToken {
    private static final int ESCAPE_BYTES = 6;

    private final Token token;
    private final byte[] bytes;
    private final int end;
    private final StringBuilder text;
    private int at = 1;

    private StringToken(Token token) {
        this.token = token;
        this.bytes = token.bytes();
        this.end = token.length() - 1;
        this.text = new StringBuilder(end);
    }

    static String unquote(Token token) throws BrokenJson {
        StringToken string = new StringToken(token);
        while (string.at < string.end) {
            string.next();
        }
        return string.text.toString();
    }

    private void next() throws BrokenJson {
        if (bytes[at] == '\\') {
            escape();
            return;
        }
        int after = ModifiedUtf8.append(bytes, at, end, text);
        if (after < 0) {
            throw new BrokenJson(token, "invalid UTF-8 sequence in string");
        }
        at = after;
    }

    private void escape() throws BrokenJson {
        int begin = at;
        char letter = (char) bytes[at + 1];
        at += 2;
        switch (letter) {
            case '"', '\'', '\\', '/' -> text.append(letter);
            case 'b' -> text.append('\b');
            case 'f' -> text.append('\f');
            case 'n' -> text.append('\n');
            case 'r' -> text.append('\r');
            case 't' -> text.append('\t');
            case 'u' -> unicode(begin);
            default -> throw new BrokenJson(token, "invalid escape sequence in string");
        }
    }

    private void unicode(int begin) throws BrokenJson {
        int codePoint = hex(begin + 2);
        int next = begin + ESCAPE_BYTES;
        if (codePoint >= Character.MIN_HIGH_SURROGATE
                && codePoint <= Character.MAX_HIGH_SURROGATE
                && next + 1 < end
                && bytes[next] == '\\'
                && bytes[next + 1] == 'u') {
            int low = hex(next + 2);
            if (low >= Character.MIN_LOW_SURROGATE && low <= Character.MAX_LOW_SURROGATE) {
                codePoint = Character.toCodePoint((char) codePoint, (char) low);
                next += ESCAPE_BYTES;
            } else {
                codePoint = -1;
            }
        }
        if (!ModifiedUtf8.isCharacter(codePoint)) {
            String shown = ModifiedUtf8.lenient(bytes, begin, Math.min(next, token.length()));
            throw new BrokenJson(token, shown + " is not a valid Unicode character");
        }
        text.appendCodePoint(codePoint);
        at = next;
    }

    /** Parses four hexadecimal digits; returns -1 when they are invalid. */
    private int hex(int from) {
        int value = 0;
        for (int i = from; i < from + 4; i++) {
            int digit = i < end ? Character.digit((char) (bytes[i] & 0xff), 16) : -1;
            // Character.digit accepts digits beyond ASCII, but none below U+0100.
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }
}
