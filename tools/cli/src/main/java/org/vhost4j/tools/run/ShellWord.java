// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.regex.Pattern;

/** A program's argument as a POSIX shell takes it (2.2, Quoting), for commands that are printed to be pasted. */
final class ShellWord {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,+@%-]+");

    private ShellWord() {}

    /**
     * Quotes an argument if it needs that.
     *
     * @param argument of any characters
     * @return one word of a shell
     */
    static String of(String argument) {
        return PLAIN.matcher(argument).matches() ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }
}
