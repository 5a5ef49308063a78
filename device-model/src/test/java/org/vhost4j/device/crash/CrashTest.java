// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Constructor;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A back-end that dies before any single store into memory that outlives it, and is started again: nothing arrives twice or out of order,
 * at most one burst is lost, and the driver gets every chain back.
 */
class CrashTest {
    private final DyingMemory loader = new DyingMemory(CrashTest.class.getClassLoader());

    static Stream<String> kinds() {
        return Stream.of("split", "packed", "split IN_ORDER", "packed IN_ORDER")
                .flatMap(ring -> Stream.of(" to guest", " out").map(ring::concat))
                .flatMap(way -> Stream.of(" KNOWN_BEFORE", " EXACT", " DROPPED").map(way::concat));
    }

    private String run(Constructor<?> scenario, String kind, long... deaths) throws ReflectiveOperationException {
        @SuppressWarnings("unchecked")
        Function<long[], String> fresh = (Function<long[], String>) scenario.newInstance(kind);
        return fresh.apply(deaths);
    }

    private Constructor<?> scenario() throws ReflectiveOperationException {
        return loader.loadClass("org.vhost4j.device.crash.CrashScenario").getConstructor(String.class);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCrashBeforeEachStoreLosesAtMostABurstAndDoublesNothing(String kind) throws ReflectiveOperationException {
        Constructor<?> scenario = scenario();
        assertThat(run(scenario, kind)).isEmpty();
        long n = 1;
        String outcome = run(scenario, kind, n);
        while (!outcome.equals("end")) {
            assertThat(outcome).as("a crash before store %d", n).isEmpty();
            n++;
            outcome = run(scenario, kind, n);
        }
        assertThat(n).isGreaterThan(80);
    }

    /** The back-end that is started after the crash dies while it finds its place, too. */
    @ParameterizedTest
    @MethodSource("kinds")
    void aCrashDuringTheRecoveryChangesNothingOfThat(String kind) throws ReflectiveOperationException {
        Constructor<?> scenario = scenario();
        for (long n = 1; !run(scenario, kind, n).equals("end"); n += 29) {
            for (long m = 1; m <= 16; m++) {
                String outcome = run(scenario, kind, n, m);
                assertThat(outcome).as("crashes before stores %d and %d", n, m).isIn("", "end");
            }
        }
    }
}
