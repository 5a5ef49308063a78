// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parses options in QEMU's style: {@code key=value,key=value}. */
final class CommaOptions {
    private CommaOptions() {}

    /**
     * Requires an empty list of options.
     *
     * @param option the whole option, for the message
     * @param text the list, which has to be empty
     * @throws IllegalArgumentException when it is not empty; the message is for the user
     */
    static void none(String option, String text) {
        if (!text.isEmpty()) {
            throw new IllegalArgumentException(option + ": takes no options, '" + text + "' was given");
        }
    }

    /**
     * Splits a list of options at its commas, except those within square brackets.
     *
     * @param text the list, possibly empty
     * @return the options; none for an empty list
     */
    static List<String> parts(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(",(?![^\\[\\]]*\\])", -1));
    }

    /**
     * Parses a list of options.
     *
     * @param option the whole option, for the message
     * @param text the list, possibly empty
     * @param known the valid keys
     * @return values by key, in order
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static Map<String, String> parse(String option, String text, String... known) {
        Map<String, String> values = new LinkedHashMap<>();
        if (text.isEmpty()) {
            return values;
        }
        for (String part : parts(text)) {
            int equals = part.indexOf('=');
            String key = equals < 0 ? part : part.substring(0, equals);
            if (!List.of(known).contains(key)) {
                throw new IllegalArgumentException(
                        "%s: there is no option '%s' (%s)".formatted(option, key, String.join(", ", known)));
            }
            if (equals < 0 || equals == part.length() - 1) {
                throw new IllegalArgumentException("%s: '%s' needs a value".formatted(option, key));
            }
            if (values.put(key, part.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("%s: '%s' is given twice".formatted(option, key));
            }
        }
        return values;
    }
}
