// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.conformance.cases.Catalog;

/**
 * Every case for every fault: not among the tests that always run, because it takes half an hour. It writes which other cases find a
 * fault into {@code docs/conformance-faults.md}, whose other columns are written by hand. {@code -Dvhost4j.faults=NAME,NAME} does it
 * for these faults alone.
 */
class FaultTable {
    private static final Path DOCUMENT = Path.of("..", "..", "docs", "conformance-faults.md");
    /** They wait most of the time. */
    private static final int THREADS = 6;

    private static final int MOST_NAMES = 4;
    /** When so many have found a fault, no further ones are tried. */
    private static final int MOST_FINDERS = 25;

    /** A case that failed is run again with this patience, so that none is named because the machine was slow. */
    private static final Duration AGAIN = Duration.ofMillis(1500);

    /** One case at a time, so that a back-end that is lost by a case is not missed by the next one. */
    private static List<String> found(Path directory, Fault fault, List<Case> cases) {
        return cases.stream()
                .filter(each ->
                        FaultyRun.quickly(directory, fault, List.of(each)).count(Outcome.FAIL) > 0
                                && FaultyRun.patiently(directory, fault, List.of(each), AGAIN)
                                                .count(Outcome.FAIL)
                                        > 0)
                .map(Case::name)
                .limit(MOST_FINDERS)
                .toList();
    }

    private static List<Fault> wanted() {
        List<String> names = List.of(System.getProperty("vhost4j.faults", "").split(","));
        return SmallBackEnd.faults().stream()
                .filter(fault -> names.equals(List.of("")) || names.contains(fault.name()))
                .toList();
    }

    @Test
    void everyCaseForEveryFault(@TempDir Path directory) throws Exception {
        SuiteReport sound = FaultyRun.of(directory, Fault.NONE, Catalog.select(List.of()));
        assertThat(sound.results())
                .filteredOn(result -> result.outcome() == Outcome.FAIL)
                .as("without a fault nothing fails")
                .isEmpty();
        List<Case> passed = sound.results().stream()
                .filter(result -> result.outcome() == Outcome.PASS)
                .map(CaseResult::tried)
                .toList();
        List<Fault> faults = wanted();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<List<String>>> tables = faults.stream()
                    .map(fault -> threads.submit(() -> found(directory, fault, passed)))
                    .toList();
            for (int i = 0; i < faults.size(); i++) {
                Fault fault = faults.get(i);
                List<String> found = tables.get(i).get();
                write(fault, passed.size(), found);
                if (found.size() < MOST_FINDERS) {
                    assertThat(found).as(fault.name()).containsAll(fault.cases());
                }
            }
        }
    }

    /** Replaces the last column of a fault's line. */
    private static void write(Fault fault, int all, List<String> found) throws Exception {
        List<String> others =
                found.stream().filter(name -> !fault.cases().contains(name)).toList();
        List<String> lines = Files.readAllLines(DOCUMENT).stream()
                .map(line -> line.startsWith("| `" + fault + "` | ")
                        ? line.substring(0, FaultyBackEndTest.thirdColumnEnd(line)) + " " + column(others) + " |"
                        : line.startsWith("Without a fault the small back-end passes ")
                                ? "Without a fault the small back-end passes " + all + " of "
                                        + Catalog.select(List.of()).size()
                                        + " cases; the others need features that it does not offer."
                                : line)
                .toList();
        Files.write(DOCUMENT, lines);
    }

    private static String column(List<String> names) {
        if (names.isEmpty()) {
            return "–";
        }
        if (names.size() >= MOST_FINDERS - 1) {
            return code(names.subList(0, MOST_NAMES)) + " and many more";
        }
        return names.size() <= MOST_NAMES
                ? code(names)
                : code(names.subList(0, MOST_NAMES)) + " and " + (names.size() - MOST_NAMES) + " more";
    }

    private static String code(List<String> names) {
        return "`" + String.join("`, `", names) + "`";
    }
}
