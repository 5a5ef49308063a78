// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.vhost4j.device.feature.NearestName;

/** How messages put names: joined as a sentence joins them, and the nearest one to a misspelling. */
final class Names {
    private Names() {}

    /**
     * Names in a sentence.
     *
     * @param names in order
     * @return {@code a}, {@code a and b}, or {@code a, b and c}
     */
    static String and(List<String> names) {
        if (names.size() < 2) {
            return String.join("", names);
        }
        return String.join(", ", names.subList(0, names.size() - 1)) + " and " + names.getLast();
    }

    /**
     * A question that leads from a misspelling to what may have been meant.
     *
     * @param wrong what was written
     * @param known what could have been written
     * @return {@code ; did you mean 'x'?}, or a full stop when nothing is near
     */
    static String didYouMean(String wrong, Collection<String> known) {
        String question = NearestName.question(wrong, known);
        return question.isEmpty() ? "." : question;
    }

    /**
     * Properties in a sentence.
     *
     * @param properties in order
     * @return their names
     */
    static String ofProperties(Collection<ResolvedProperty> properties) {
        return and(properties.stream().map(each -> each.property().name()).collect(Collectors.toList()));
    }
}
