// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.vhost4j.tools.conformance.MatrixRun.Tried;

/**
 * A back-end in a matrix, with all its runs.
 *
 * @param runs at least one, all of the same back-end
 */
record MatrixColumn(List<MatrixRun> runs) {
    /** The outcome of a case whose outcome differs between runs. */
    static final String VARIES = "varies";

    /** Returns the runs of each back-end, in the order in which the back-ends first appear. */
    static List<MatrixColumn> of(List<MatrixRun> runs) {
        return runs.stream()
                .collect(Collectors.groupingBy(MatrixRun::backEnd, LinkedHashMap::new, Collectors.toList()))
                .values()
                .stream()
                .map(MatrixColumn::new)
                .toList();
    }

    /** Returns the name of the back-end. */
    String name() {
        return runs.getFirst().backEnd();
    }

    /** Returns the options by which the back-end was reached. */
    String reached() {
        return runs.getFirst().reached();
    }

    /** Returns the time at which its first run began. */
    String began() {
        return runs.getFirst().began();
    }

    /** Returns the number of runs for each outcome of a case. */
    private Map<String, Long> ends(String name) {
        return runs.stream()
                .map(run -> run.cases().get(name))
                .filter(Objects::nonNull)
                .collect(Collectors.groupingBy(Tried::outcome, LinkedHashMap::new, Collectors.counting()));
    }

    /** Returns the outcome of a case: one word, {@link #VARIES} when the runs differ, empty when no run had it. */
    String outcome(String name) {
        Map<String, Long> ends = ends(name);
        return ends.size() > 1 ? VARIES : ends.keySet().stream().findFirst().orElse("");
    }

    /** Returns the number of cases with this outcome in every run; {@link #VARIES} counts the cases whose outcome differs between runs. */
    long count(String outcome) {
        return runs.stream()
                .map(MatrixRun::cases)
                .map(Map::keySet)
                .flatMap(Collection::stream)
                .distinct()
                .filter(name -> outcome(name).equals(outcome))
                .count();
    }

    /** Returns the outcome of a case, for a cell of a table. */
    String cell(String name) {
        String outcome = outcome(name);
        if (!outcome.equals(VARIES)) {
            return word(outcome);
        }
        return VARIES + ": "
                + ends(name).entrySet().stream()
                        .map(end -> word(end.getKey()) + " " + end.getValue())
                        .collect(Collectors.joining(", "));
    }

    private static String word(String outcome) {
        return switch (outcome) {
            case "pass" -> "pass";
            case "fail" -> "**fail**";
            case "fails-as-expected" -> "**fail** (expected)";
            case "unexpected-pass" -> "pass (unexpected)";
            case "not-offered" -> "–";
            case "not-applicable" -> "n/a";
            case "not-run" -> "not run";
            default -> "";
        };
    }

    /**
     * Returns the result of the first run in which a case failed, and the number of failed runs unless all failed: a
     * line of Markdown.
     */
    Optional<String> failure(String name) {
        List<Tried> failed = runs.stream()
                .map(run -> run.cases().get(name))
                .filter(tried -> tried != null && tried.came() != null)
                .toList();
        if (failed.isEmpty()) {
            return Optional.empty();
        }
        Tried first = failed.getFirst();
        String often = failed.size() == runs.size() ? "" : ", in %d of %d runs".formatted(failed.size(), runs.size());
        return Optional.of("`%s` (%s)%s: %s".formatted(name, first.section(), often, first.came()));
    }
}
