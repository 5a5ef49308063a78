// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One option that QEMU will read, from its command line or from a file named by {@code -readconfig}.
 *
 * @param name name without dashes, such as {@code device}
 * @param values its values by key; empty for an option without a value
 * @param index index of the word of the command line that is its value, or the name of its file
 * @param file file that has the option; empty when it is on the command line itself
 */
record GivenOption(String name, Map<String, String> values, int index, Optional<String> file) {
    GivenOption {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /**
     * Returns one of its values.
     *
     * @param key the key
     * @return the value; empty when the key is absent
     */
    String value(String key) {
        return values.getOrDefault(key, "");
    }

    /** Returns whether a key is present. */
    boolean has(String key) {
        return values.containsKey(key);
    }
}
