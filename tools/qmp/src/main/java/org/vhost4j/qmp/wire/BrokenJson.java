// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/** A token that cannot stand where it stands. Clients make it happen at will, so it carries no stack. */
final class BrokenJson extends Exception {
    private static final long serialVersionUID = 1;

    /** Maximum of bytes that QEMU keeps of its error text. */
    private static final int LONGEST = 1023;

    /** What is wrong, followed by the token in single quotes. */
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
