// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.regex.Pattern;

/** Quotes arguments for a POSIX shell (2.2, Quoting), in commands that are printed for pasting. */
final class ShellWord {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,+@%-]+");

    private ShellWord() {}

    /**
     * Quotes an argument if necessary.
     *
     * @param argument any string
     * @return one word of a shell
     */
    static String of(String argument) {
        return PLAIN.matcher(argument).matches() ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }
}
