// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Cases against a {@link SmallBackEnd}. */
final class FaultyRun {
    /** Without a fault nothing fails because the machine is slow; what is not to come is not waited for any longer. */
    private static final Duration SOUND_PATIENCE = Duration.ofSeconds(60);

    private static final Duration SOUND_QUIET = Duration.ofMillis(50);

    /** Some faults show as something that never comes, which takes this long; others as something that comes, for which there is time. */
    private static final Duration FAULTY_PATIENCE = Duration.ofMillis(500);

    private static final Duration FAULTY_QUIET = Duration.ofSeconds(2);

    /** The back-end that was lost is waited for, all others answer. */
    private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(3);

    private static final AtomicInteger RUNS = new AtomicInteger();

    private FaultyRun() {}

    /** Runs cases against a back-end with a fault, or without one. */
    static SuiteReport of(Path directory, Fault fault, List<Case> cases) {
        return of(directory, fault, cases, report -> {});
    }

    /** The same, with the snapshots that are taken before each case. */
    static SuiteReport of(Path directory, Fault fault, List<Case> cases, Consumer<SuiteReport> snapshots) {
        boolean sound = fault == Fault.NONE;
        return run(
                directory,
                fault,
                false,
                cases,
                sound ? SOUND_PATIENCE : FAULTY_PATIENCE,
                sound ? SOUND_QUIET : FAULTY_QUIET,
                snapshots);
    }

    /** The same, in which what is not to come is not waited for any longer than without a fault. */
    static SuiteReport quickly(Path directory, Fault fault, List<Case> cases) {
        return patiently(directory, fault, cases, FAULTY_PATIENCE);
    }

    /** The same, with another patience for what is to come. */
    static SuiteReport patiently(Path directory, Fault fault, List<Case> cases, Duration patience) {
        return run(directory, fault, false, cases, patience, SOUND_QUIET, report -> {});
    }

    /** Runs cases against a back-end without a fault that sends its answers byte by byte. */
    static SuiteReport inPieces(Path directory, List<Case> cases) {
        return run(directory, Fault.NONE, true, cases, SOUND_PATIENCE, SOUND_QUIET, report -> {});
    }

    private static SuiteReport run(
            Path directory,
            Fault fault,
            boolean inPieces,
            List<Case> cases,
            Duration patience,
            Duration quiet,
            Consumer<SuiteReport> snapshots) {
        // A socket's path stays when no process listens there any more.
        Path place = directory.resolve(fault + "-" + RUNS.incrementAndGet() + ".sock");
        boolean sound = fault == Fault.NONE;
        try (SmallBackEnd backEnd = new SmallBackEnd(place, fault, inPieces);
                BackEndUnderTest underTest = new BackEndUnderTest(
                        backEnd.socket(), false, null, sound ? SOUND_PATIENCE : CONNECT_PATIENCE)) {
            return new Suite(underTest, patience, quiet)
                    .snapshots(snapshots)
                    .run(fault.name(), "", cases, LoopMode.ECHO, result -> {});
        }
    }
}
