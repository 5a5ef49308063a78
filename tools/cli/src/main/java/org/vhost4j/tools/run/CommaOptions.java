// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code key=value,key=value}, as QEMU writes options. */
final class CommaOptions {
    private CommaOptions() {}

    /**
     * Insists on there being no options.
     *
     * @param option whose they would be, for the message
     * @param text the list, to be empty
     * @throws IllegalArgumentException in words for the user
     */
    static void none(String option, String text) {
        if (!text.isEmpty()) {
            throw new IllegalArgumentException(option + ": takes no options, '" + text + "' was given");
        }
    }

    /**
     * Cuts a list of options at its commas, except those within square brackets.
     *
     * @param text the list, perhaps empty
     * @return the options; none of an empty list
     */
    static List<String> parts(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(",(?![^\\[\\]]*\\])", -1));
    }

    /**
     * Reads a list of options.
     *
     * @param option whose they are, for the message
     * @param text the list, perhaps empty
     * @param known the keys that exist
     * @return values by key, in order
     * @throws IllegalArgumentException in words for the user
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
