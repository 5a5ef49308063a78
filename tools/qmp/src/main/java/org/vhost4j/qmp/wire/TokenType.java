// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/** The tokens of JSON (RFC 8259 section 2). */
enum TokenType {
    /** A left brace. */
    OBJECT_BEGIN,
    /** A right brace. */
    OBJECT_END,
    /** A left bracket. */
    ARRAY_BEGIN,
    /** A right bracket. */
    ARRAY_END,
    /** A colon. */
    COLON,
    /** A comma. */
    COMMA,
    /** A string with its quotes and escapes. */
    STRING,
    /** A number without fraction and exponent. */
    INTEGER,
    /** A number with a fraction or an exponent. */
    FLOAT,
    /** A word of lower-case letters, not necessarily one of JSON's three. */
    KEYWORD,
    /** Bytes that are invalid in any token. */
    STRAY,
    /** A token that is longer than any message may be. */
    TOO_LONG
}
