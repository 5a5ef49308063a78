// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.conformance.cases.Catalog;

/** The suite finds what is wrong with a back-end, by the case that is there for it. */
@Timeout(300)
class FaultyBackEndTest {
    /** Without a fault nothing fails because the machine is slow; what is not to come is not waited for any longer. */
    private static final Duration SOUND_PATIENCE = Duration.ofSeconds(60);

    private static final Duration SOUND_QUIET = Duration.ofMillis(50);

    /** Some faults show as something that never comes, which takes this long; others as something that comes, for which there is time. */
    private static final Duration FAULTY_PATIENCE = Duration.ofMillis(1500);

    private static final Duration FAULTY_QUIET = Duration.ofSeconds(2);

    /** The back-end that was lost is waited for, all others answer. */
    private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(3);

    @TempDir
    private Path directory;

    private static final List<Arguments> ROWS = List.of(
            Arguments.of(Fault.NUM_BUFFERS, "rx.mergeable-num-buffers"),
            Arguments.of(Fault.LOST_INTERRUPT, "notify.interrupt"),
            Arguments.of(Fault.LOST_INTERRUPT, "notify.random"),
            Arguments.of(Fault.UNWANTED_INTERRUPT, "notify.no-interrupt"),
            Arguments.of(Fault.VRING_BASE, "ring.base"),
            Arguments.of(Fault.START_BY_KICK, "ring.kick-starts"),
            Arguments.of(Fault.IGNORED_ENABLE, "ring.disabled-discards"),
            Arguments.of(Fault.CHECKSUM, "tx.csum-tcp4"),
            Arguments.of(Fault.CHECKSUM, "tx.csum-udp6"),
            Arguments.of(Fault.SEGMENT_NUMBERS, "tx.tso4"),
            Arguments.of(Fault.SEGMENT_CHECKSUM, "tx.tso4"),
            Arguments.of(Fault.CUT_FRAME, "rx.plain-header"),
            Arguments.of(Fault.CUT_FRAME, "chain.transmit-lengths"),
            Arguments.of(Fault.REPLY_FLAGS, "message.reply-ack-once"),
            Arguments.of(Fault.UNKNOWN_IS_DONE, "hostile-message.unknown-is-refused"),
            Arguments.of(Fault.OLD_CALL, "ring.call-replaced"),
            Arguments.of(Fault.USED_LENGTH, "rx.mergeable-edges"),
            Arguments.of(Fault.FRAGILE, "hostile-message.too-short"),
            Arguments.of(Fault.UNMARKED_PAGE, "log.receive-buffers"),
            Arguments.of(Fault.UNMARKED_PAGE, "log.complete"),
            Arguments.of(Fault.UNMARKED_PAGE, "log.last-page"),
            Arguments.of(Fault.UNMARKED_PAGE, "migration.cancel-and-retry"),
            Arguments.of(Fault.MARKED_FIRST, "log.fetch-and-clear"),
            Arguments.of(Fault.OLD_LOG, "migration.never-ended"),
            Arguments.of(Fault.WHOLE_FILE, "log-failure.too-small"),
            Arguments.of(Fault.WHOLE_FILE, "log-failure.offset"),
            Arguments.of(Fault.LATE_WRITE, "migration.stop-in-burst"));

    private int runs;

    private SuiteReport run(Fault fault, List<Case> cases) {
        // A socket's path stays when no process listens there any more.
        Path place = directory.resolve(fault + "-" + runs++ + ".sock");
        boolean sound = fault == Fault.NONE;
        try (SmallBackEnd backEnd = new SmallBackEnd(place, fault);
                BackEndUnderTest underTest = new BackEndUnderTest(
                        backEnd.socket(), false, null, sound ? SOUND_PATIENCE : CONNECT_PATIENCE)) {
            Suite suite = sound
                    ? new Suite(underTest, SOUND_PATIENCE, SOUND_QUIET)
                    : new Suite(underTest, FAULTY_PATIENCE, FAULTY_QUIET);
            return suite.run(fault.name(), "", cases, LoopMode.ECHO, result -> {});
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void aFaultIsFoundByItsCase(Fault fault, String name) {
        List<Case> cases = Catalog.select(List.of(name));
        assertThat(run(Fault.NONE, cases).results())
                .as("without the fault")
                .allMatch(result -> result.outcome() == Outcome.PASS, "passes");
        SuiteReport report = run(fault, cases);
        assertThat(report.count(Outcome.FAIL)).isEqualTo(1);
        Evidence evidence = report.results().getFirst().evidence();
        assertThat(evidence).isNotNull();
        assertThat(evidence.sent()).isNotEmpty();
        assertThat(evidence.came()).isNotBlank();
        assertThat(evidence.rule()).isNotBlank();
    }

    static List<Arguments> rows() {
        return ROWS;
    }

    @Test
    void everyFaultHasItsCase() {
        assertThat(ROWS.stream().map(row -> row.get()[0]).distinct())
                .containsExactlyInAnyOrderElementsOf(SmallBackEnd.faults());
    }

    @Test
    void aBackEndThatIsLostEndsTheRunWithAReason() {
        List<Case> cases = Catalog.select(List.of("hostile-message.*", "ring.base"));
        SuiteReport report = run(Fault.FRAGILE, cases);
        assertThat(report.passed()).isFalse();
        assertThat(report.results())
                .filteredOn(result -> result.outcome() == Outcome.NOT_RUN)
                .isNotEmpty()
                .allMatch(result -> result.reason().startsWith("the back-end was lost in hostile-message."));
    }
}
