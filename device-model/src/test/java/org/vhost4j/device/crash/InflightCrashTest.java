// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Constructor;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process that dies before any single store, and is started again with the in-flight area that it had: nothing moves twice or out of
 * order, at most a ring of chains is lost, and the driver gets every chain back.
 */
class InflightCrashTest {
    private final DyingMemory loader = new DyingMemory(InflightCrashTest.class.getClassLoader());

    static Stream<String> kinds() {
        return Stream.of(
                        "split initial",
                        "split used",
                        "split avail",
                        "split IN_ORDER used",
                        "packed initial",
                        "packed used",
                        "packed IN_ORDER initial")
                .flatMap(kind -> Stream.of("transmit " + kind, "receive " + kind));
    }

    private String run(Constructor<?> scenario, String kind, long... deaths) throws ReflectiveOperationException {
        @SuppressWarnings("unchecked")
        Function<long[], String> fresh = (Function<long[], String>) scenario.newInstance(kind);
        return fresh.apply(deaths);
    }

    private Constructor<?> scenario() throws ReflectiveOperationException {
        return loader.loadClass("org.vhost4j.device.crash.InflightScenario").getConstructor(String.class);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCrashBeforeEachStoreDoublesNothing(String kind) throws ReflectiveOperationException {
        Constructor<?> scenario = scenario();
        assertThat(run(scenario, kind)).isEmpty();
        long n = 1;
        String outcome = run(scenario, kind, n);
        while (!outcome.equals("end")) {
            assertThat(outcome).as("a crash before store %d", n).isEmpty();
            n++;
            outcome = run(scenario, kind, n);
        }
        assertThat(n).isGreaterThan(200);
    }

    /** The process that is started after the crash dies as well, while it finds out what was in flight or soon after. */
    @ParameterizedTest
    @MethodSource("kinds")
    void aCrashOfTheNextProcessChangesNothingOfThat(String kind) throws ReflectiveOperationException {
        Constructor<?> scenario = scenario();
        for (long n = 1; !run(scenario, kind, n).equals("end"); n += 3) {
            for (long m = 1; m <= 30; m++) {
                String outcome = run(scenario, kind, n, m);
                assertThat(outcome).as("crashes before stores %d and %d", n, m).isIn("", "end");
            }
        }
    }
}
