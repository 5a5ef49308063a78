// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.manual;

/**
 * Writes roff with the man macros (groff_man(7)): requests are on separate lines, and everything else is escaped, so
 * that no text is interpreted as a request.
 */
final class Roff {
    private final StringBuilder out = new StringBuilder();

    /**
     * Aligns lines on the left and disables hyphenation, because options are words. Must come after the title, which
     * resets it.
     */
    Roff ragged() {
        out.append(".ad l\n.nh\n");
        return this;
    }

    /** Writes a request or macro call. Arguments are quoted; a call without them is the bare name. */
    Roff request(String name, String... arguments) {
        out.append('.').append(name);
        for (String argument : arguments) {
            out.append(" \"").append(escape(argument)).append('"');
        }
        out.append('\n');
        return this;
    }

    /** Starts a section. */
    Roff section(String title) {
        return request("SH", title);
    }

    /** Writes text as a line of a filled paragraph. An empty line in it starts another paragraph. */
    Roff text(String text) {
        boolean blank = false;
        for (String line : text.strip().split("\n", -1)) {
            if (line.isBlank()) {
                blank = true;
                continue;
            }
            if (blank) {
                request("PP");
                blank = false;
            }
            out.append(guard(escape(line.strip()))).append('\n');
        }
        return this;
    }

    /** Starts an entry of a list: a term in bold, with more in the usual font after it. */
    Roff entry(String bold, String plain) {
        request("TP");
        out.append("\\fB")
                .append(breakable(escape(bold)))
                .append("\\fR")
                .append(breakable(escape(plain)))
                .append('\n');
        return this;
    }

    /** Writes a command line: the command in bold, and its arguments, which may be wrapped at commas and brackets. */
    Roff commandLine(String bold, String plain) {
        out.append("\\fB")
                .append(escape(bold))
                .append("\\fR ")
                .append(breakable(escape(plain)))
                .append('\n');
        return this;
    }

    /** Escapes the start of a line that begins with a control character, because roff would interpret it as a request. */
    private static String guard(String escaped) {
        return escaped.startsWith(".") || escaped.startsWith("\\(aq") ? "\\&" + escaped : escaped;
    }

    /** Allows line breaks within long words, before each further part of an option. */
    private static String breakable(String escaped) {
        return escaped.replace("[,", "\\:[,").replaceAll("(?<=[|,=])", "\\\\:").replace("[\\:,", "[,");
    }

    /** Returns escaped text: ASCII, with names for characters that roff interprets or displays differently. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\\' -> escaped.append("\\e");
                case '-' -> escaped.append("\\-");
                case '\'' -> escaped.append("\\(aq");
                case '"' -> escaped.append("\\(dq");
                case '`' -> escaped.append("\\(ga");
                case '^' -> escaped.append("\\(ha");
                case '~' -> escaped.append("\\(ti");
                default -> {
                    if (c < 0x80) {
                        escaped.append((char) c);
                    } else {
                        escaped.append(String.format("\\[u%04X]", c));
                    }
                }
            }
        });
        return escaped.toString();
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
