// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.conformance.cases.Catalog;

/** The suite finds what is wrong with a back-end, by the case that is there for it; {@code FaultTable} runs every case for each fault. */
@Timeout(300)
class FaultyBackEndTest {
    /** Runs at a time, which wait most of the time. */
    private static final int THREADS = 6;

    private static final Map<String, Future<SuiteReport>> RUNS = new HashMap<>();
    private static final ExecutorService POOL = Executors.newFixedThreadPool(THREADS);

    @TempDir
    private static Path directory;

    @BeforeAll
    static void startRuns() {
        for (Fault fault : SmallBackEnd.faults()) {
            for (String name : fault.cases()) {
                RUNS.put(
                        fault + name, POOL.submit(() -> FaultyRun.of(directory, fault, Catalog.select(List.of(name)))));
            }
        }
        POOL.shutdown();
    }

    /** A run that no test has waited for still uses the directory. */
    @AfterAll
    static void awaitRuns() throws InterruptedException {
        POOL.shutdownNow();
        assertThat(POOL.awaitTermination(5, TimeUnit.MINUTES)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void aFaultIsFoundByItsCase(Fault fault, String name) throws Exception {
        SuiteReport report = Objects.requireNonNull(RUNS.get(fault + name)).get();
        assertThat(report.count(Outcome.FAIL)).isEqualTo(1);
        Evidence evidence = report.results().getFirst().evidence();
        assertThat(evidence).isNotNull();
        assertThat(evidence.sent()).isNotEmpty();
        assertThat(evidence.came()).isNotBlank();
        assertThat(evidence.rule()).isNotBlank();
    }

    static List<Arguments> rows() {
        return SmallBackEnd.faults().stream()
                .flatMap(fault -> fault.cases().stream().map(name -> Arguments.of(fault, name)))
                .toList();
    }

    @Test
    void withoutAFaultEveryOneOfTheseCasesPasses() {
        List<String> names = SmallBackEnd.faults().stream()
                .flatMap(fault -> fault.cases().stream())
                .distinct()
                .toList();
        assertThat(FaultyRun.of(directory, Fault.NONE, Catalog.select(names)).results())
                .hasSameSizeAs(names)
                .allMatch(result -> result.outcome() == Outcome.PASS, "passes");
    }

    @Test
    void thereAreManyFaultsAndEachHasItsCase() {
        assertThat(SmallBackEnd.faults())
                .hasSizeGreaterThanOrEqualTo(60)
                .allMatch(fault -> !fault.cases().isEmpty());
    }

    @Test
    void eachIsDocumentedWithItsCases() throws Exception {
        List<String> lines = Files.readAllLines(Path.of("..", "..", "docs", "conformance-faults.md"));
        for (Fault fault : SmallBackEnd.faults()) {
            String cases = "`" + String.join("`, `", fault.cases()) + "` |";
            assertThat(lines)
                    .as(fault.name())
                    .anyMatch(line -> line.startsWith("| `" + fault + "` | ")
                            && line.substring(0, thirdColumnEnd(line)).endsWith(cases)
                            && line.length() > thirdColumnEnd(line));
        }
    }

    /** Where the third column of a line of a table ends, after its bar. */
    static int thirdColumnEnd(String line) {
        int end = 0;
        for (int bar = 0; bar <= 3; bar++) {
            end = line.indexOf('|', end) + 1;
        }
        return end;
    }

    /** What a stream socket may do to answers is no fault. */
    @Test
    void answersInPiecesAreRight() {
        List<Case> cases = Catalog.select(List.of("message.*", "ring.base", "device.config-in-parts"));
        assertThat(FaultyRun.inPieces(directory, cases).results())
                .filteredOn(result -> result.outcome() != Outcome.PASS)
                .isEmpty();
    }

    @Test
    void aBackEndThatIsLostEndsTheRunWithAReason() {
        List<Case> cases = Catalog.select(List.of("hostile-message.*", "ring.base"));
        SuiteReport report = FaultyRun.of(directory, Fault.FRAGILE, cases);
        assertThat(report.passed()).isFalse();
        assertThat(report.results())
                .filteredOn(result -> result.outcome() == Outcome.NOT_RUN)
                .isNotEmpty()
                .allMatch(result -> result.reason().startsWith("the back-end was lost in hostile-message."));
    }

    /** The snapshots that reports are written from name the case at hand. */
    @Test
    void whatIsKnownNamesTheCaseThatRuns() {
        List<String> known = new ArrayList<>();
        List<Case> cases = Catalog.select(List.of("ring.base", "ring.resume"));
        FaultyRun.of(
                directory,
                Fault.VRING_BASE,
                cases,
                report -> known.add(report.results().stream()
                        .map(result ->
                                result.tried().name() + " " + result.outcome().word())
                        .toList()
                        .toString()));
        assertThat(known).containsExactly("[ring.base not-run]", "[ring.base fail, ring.resume not-run]");
    }
}
