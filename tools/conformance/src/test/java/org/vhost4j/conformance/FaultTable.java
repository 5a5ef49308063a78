// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.conformance.cases.Catalog;

/**
 * Every case for every fault: not among the tests that always run, because it takes many minutes. It writes the table of
 * {@code docs/conformance-faults.md} to {@code target/conformance-faults.md}.
 */
class FaultTable {
    private static final int MOST_NAMES = 6;

    /** So that a back-end that is lost by a case is not missed by the next one. */
    private static List<String> found(Path directory, Fault fault, List<Case> cases) {
        return cases.stream()
                .filter(each ->
                        FaultyRun.quickly(directory, fault, List.of(each)).count(Outcome.FAIL) > 0)
                .map(Case::name)
                .toList();
    }

    @Test
    void everyCaseForEveryFault(@TempDir Path directory) throws Exception {
        SuiteReport sound = FaultyRun.of(directory, Fault.NONE, Catalog.select(List.of()));
        assertThat(sound.count(Outcome.FAIL))
                .as("without a fault nothing fails")
                .isZero();
        List<Case> passed = sound.results().stream()
                .filter(result -> result.outcome() == Outcome.PASS)
                .map(CaseResult::tried)
                .toList();
        StringBuilder table = new StringBuilder("| fault | found by | and by |\n|---|---|---|\n");
        for (Fault fault : SmallBackEnd.faults()) {
            List<String> found = found(directory, fault, passed);
            List<String> others =
                    found.stream().filter(name -> !fault.cases().contains(name)).toList();
            table.append("| `%s` | %s | %s |%n"
                    .formatted(
                            fault,
                            code(fault.cases()),
                            others.size() > MOST_NAMES
                                    ? code(others.subList(0, MOST_NAMES)) + " and " + (others.size() - MOST_NAMES)
                                            + " more"
                                    : code(others)));
            Files.writeString(Path.of("target", "conformance-faults.md"), table);
            assertThat(found).as(fault.name()).containsAll(fault.cases());
        }
    }

    private static String code(List<String> names) {
        return names.isEmpty() ? "–" : "`" + String.join("`, `", names) + "`";
    }
}
