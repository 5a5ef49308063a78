// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A pattern for names of cases.
 *
 * @param text the pattern, in which {@code *} stands for any characters
 */
public record NamePattern(String text) {
    /**
     * Returns whether the name of a case matches.
     *
     * @param name the case's name
     * @return true when it matches
     */
    public boolean matches(String name) {
        String expression = Stream.of(text.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        return Pattern.matches(expression, name);
    }
}
