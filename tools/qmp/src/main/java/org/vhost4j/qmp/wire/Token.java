// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/**
 * A token.
 *
 * @param type what it is
 * @param bytes holds its text from the first byte on; valid only while the token is handed over
 * @param length how many bytes of {@code bytes} are the token's
 * @param line where it begins, from 1
 * @param column where it begins in bytes, from 1
 */
@SuppressWarnings("ArrayRecordComponent") // Lives for one call, and the bytes are the lexer's own.
record Token(TokenType type, byte[] bytes, int length, long line, long column) {
    /** The whole text. */
    String text() {
        return text(length);
    }

    /** The text, as far as it goes before a zero byte and a limit in bytes. */
    String text(int limit) {
        return ModifiedUtf8.lenient(bytes, 0, textBytes(limit));
    }

    /** How far the text goes before a zero byte and a limit in bytes. */
    int textBytes(int limit) {
        int end = 0;
        while (end < length && end < limit && bytes[end] != 0) {
            end++;
        }
        return end;
    }
}
