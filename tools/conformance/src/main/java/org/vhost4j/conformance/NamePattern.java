// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Names of cases by a pattern.
 *
 * @param text a name in which {@code *} stands for anything
 */
public record NamePattern(String text) {
    /**
     * Whether a case's name matches.
     *
     * @param name the case's name
     * @return true when it matches
     */
    public boolean matches(String name) {
        String expression = Stream.of(text.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        return Pattern.matches(expression, name);
    }
}
