// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The results of one run of {@code bench peer}.
 *
 * @param facts facts about the run that readers need, such as the processor, by name and in order
 * @param rows the results of the rows, in order
 */
public record Report(Map<String, String> facts, List<RowResult> rows) {
    /** Copies the collections. */
    public Report {
        facts = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(facts));
        rows = List.copyOf(rows);
    }

    /**
     * Returns whether every contender was measured and the frame counts of every pair agree.
     *
     * @return false when a measurement is invalid
     */
    public boolean sound() {
        return rows.stream()
                .flatMap(row -> row.cases().stream())
                .flatMap(each -> each.measured().stream())
                .allMatch(Measured::sound);
    }

    /**
     * Returns the complaints about a row.
     *
     * @param row one of the rows
     * @return one sentence for each contender that failed or whose counts differ
     */
    static List<String> complaints(RowResult row) {
        return row.cases().stream()
                .flatMap(each -> each.measured().stream()
                        .flatMap(measured -> measured.complaint().stream())
                        .map(complaint -> each.name() + ": " + complaint))
                .toList();
    }

    /**
     * Returns whether disturbed rounds, in which other programs took processor time, are evaluated.
     *
     * @param row one of the rows
     * @return true when there were too few undisturbed ones
     */
    static boolean disturbed(RowResult row) {
        return row.cases().stream()
                .flatMap(each -> each.measured().stream())
                .flatMap(measured -> measured.counted().stream())
                .anyMatch(Sample::disturbed);
    }

    /**
     * Returns the number of short rounds from which a row's values are calculated.
     *
     * @param row one of the rows
     * @return a sentence; empty when its turns were measured as a whole
     */
    static Optional<String> rounds(RowResult row) {
        IntSummaryStatistics counts = row.cases().stream()
                .flatMap(each -> each.measured().stream())
                .mapToInt(measured -> measured.rounds().count())
                .filter(count -> count != 0)
                .summaryStatistics();
        return counts.getCount() == 0
                ? Optional.empty()
                : Optional.of("Rounds of each contender in each case: "
                        + (counts.getMin() == counts.getMax()
                                ? Integer.toString(counts.getMin())
                                : counts.getMin() + " to " + counts.getMax())
                        + ".");
    }
}
