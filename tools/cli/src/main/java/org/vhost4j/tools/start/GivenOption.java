// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One option that QEMU will read, from its command line or from a file that {@code -readconfig} names.
 *
 * @param name without dashes, such as {@code device}
 * @param values its value by keys; empty for an option without one
 * @param index the word of the command line that is its value, or the name of its file
 * @param file the file that it is in, or nothing when it is on the command line itself
 */
record GivenOption(String name, Map<String, String> values, int index, Optional<String> file) {
    GivenOption {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /**
     * One of its values.
     *
     * @param key the key
     * @return the value; empty when it is not there
     */
    String value(String key) {
        return values.getOrDefault(key, "");
    }

    /** Whether a key is there. */
    boolean has(String key) {
        return values.containsKey(key);
    }
}
