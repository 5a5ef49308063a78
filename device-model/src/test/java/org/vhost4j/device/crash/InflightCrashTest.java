// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Simulates a process that dies before any single store, and is restarted with its in-flight area. No number is
 * transferred twice or out of order, at most a whole ring of chains is lost, and the driver gets every chain back.
 */
class InflightCrashTest {
    private final StoreDeaths deaths = new StoreDeaths("InflightScenario");

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

    @ParameterizedTest
    @MethodSource("kinds")
    void aCrashBeforeEachStoreDoublesNothing(String kind) throws ReflectiveOperationException {
        assertThat(deaths.beforeEach(kind)).isGreaterThan(200);
    }

    /**
     * The same holds when the restarted process also dies, while it recovers the chains in flight or soon after that.
     */
    @ParameterizedTest
    @MethodSource("kinds")
    void aCrashOfTheNextProcessChangesNothingOfThat(String kind) throws ReflectiveOperationException {
        deaths.beforeTwo(kind, 3, 30);
    }
}
