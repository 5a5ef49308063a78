// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/** Thrown for a token at an invalid position. It has no stack trace, because clients can cause it at any rate. */
final class BrokenJson extends Exception {
    private static final long serialVersionUID = 1;

    /** Maximum length of QEMU's error text in bytes. */
    private static final int LONGEST = 1023;

    /** Creates an error: a description, followed by the token in single quotes. */
    static BrokenJson quoting(Token at, String words) {
        int room = LONGEST - words.length() - 2;
        String quote = at.textBytes(room) < room ? "'" : "";
        return new BrokenJson(at, words + " '" + at.text(room) + quote);
    }

    BrokenJson(Token at, String what) {
        super(at.line() + ":" + at.column() + ": JSON parse error, " + what, null, false, false);
    }

    String description() {
        return String.valueOf(getMessage());
    }
}
