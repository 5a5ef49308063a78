// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.vhost4j.device.feature.NearestName;

/** Formats names for messages: lists of names, and suggestions for misspelt names. */
final class Names {
    private Names() {}

    /**
     * Joins names for a sentence.
     *
     * @param names names in order
     * @return {@code a}, {@code a and b}, or {@code a, b and c}
     */
    static String and(List<String> names) {
        if (names.size() < 2) {
            return String.join("", names);
        }
        return String.join(", ", names.subList(0, names.size() - 1)) + " and " + names.getLast();
    }

    /**
     * Returns the end of a sentence, which suggests a similar valid name.
     *
     * @param wrong the name that was written
     * @param known the valid names
     * @return {@code ; did you mean 'x'?}, or a full stop when no name is similar
     */
    static String didYouMean(String wrong, Collection<String> known) {
        String question = NearestName.question(wrong, known);
        return question.isEmpty() ? "." : question;
    }

    /**
     * Joins the names of properties for a sentence.
     *
     * @param properties properties in order
     * @return their names
     */
    static String ofProperties(Collection<ResolvedProperty> properties) {
        return and(properties.stream().map(each -> each.property().name()).collect(Collectors.toList()));
    }
}
