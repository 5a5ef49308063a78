// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/**
 * A JSON token.
 *
 * @param type type of the token
 * @param bytes array with its text from the first byte on; valid during the call only
 * @param length number of bytes of the token
 * @param line line at which it begins, from 1
 * @param column column at which it begins, in bytes, from 1
 */
@SuppressWarnings("ArrayRecordComponent") // Valid for one call only; the lexer owns the bytes.
record Token(TokenType type, byte[] bytes, int length, long line, long column) {
    /** Returns the whole text. */
    String text() {
        return text(length);
    }

    /** Returns the text up to a zero byte or a limit in bytes. */
    String text(int limit) {
        return ModifiedUtf8.lenient(bytes, 0, textBytes(limit));
    }

    /** Returns the length of the text up to a zero byte or a limit in bytes. */
    int textBytes(int limit) {
        int end = 0;
        while (end < length && end < limit && bytes[end] != 0) {
            end++;
        }
        return end;
    }
}
