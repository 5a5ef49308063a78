// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** How messages put names: joined as a sentence joins them, and the nearest one to a misspelling. */
final class Names {
    private static final int FAR = 4;

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
        Optional<String> nearest = known.stream()
                .filter(name -> distance(wrong, name) < Math.min(FAR, wrong.length()))
                .min(Comparator.comparingInt((String name) -> distance(wrong, name))
                        .thenComparing(Comparator.naturalOrder()));
        return nearest.map(name -> "; did you mean '" + name + "'?").orElse(".");
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

    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
