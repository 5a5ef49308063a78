// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.feature;

import java.util.Collection;
import java.util.Comparator;

/** Finds the valid name that is most similar to a misspelt one, such as the name of a feature. */
public final class NearestName {
    /** Names with this edit distance or more are not similar. */
    private static final int FAR = 4;

    private NearestName() {}

    /**
     * Returns the end of an error message that suggests a valid name for a misspelt one.
     *
     * @param wrong the misspelt name
     * @param known the valid names
     * @return {@code ; did you mean 'x'?}, or an empty string when no name is similar
     */
    public static String question(String wrong, Collection<String> known) {
        return known.stream()
                .filter(name -> distance(wrong, name) < Math.min(FAR, wrong.length()))
                .min(Comparator.comparingInt((String name) -> distance(wrong, name))
                        .thenComparing(Comparator.naturalOrder()))
                .map(name -> "; did you mean '" + name + "'?")
                .orElse("");
    }

    /**
     * Returns the edit distance: the number of characters to insert, remove or substitute to get from one name to the
     * other.
     */
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
