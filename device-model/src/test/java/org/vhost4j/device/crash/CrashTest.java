// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Simulates a back-end that dies before any single store to memory that outlives it, and is restarted. No frame arrives
 * twice or out of order, at most one burst is lost, and the driver gets every chain back.
 */
class CrashTest {
    private final StoreDeaths deaths = new StoreDeaths("CrashScenario");

    static Stream<String> kinds() {
        return Stream.of("split", "packed", "split IN_ORDER", "packed IN_ORDER")
                .flatMap(ring -> Stream.of(" to guest", " out").map(ring::concat))
                .flatMap(way -> Stream.of(" KNOWN_BEFORE", " EXACT", " DROPPED").map(way::concat));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCrashBeforeEachStoreLosesAtMostABurstAndDoublesNothing(String kind) throws ReflectiveOperationException {
        assertThat(deaths.beforeEach(kind)).isGreaterThan(80);
    }

    /** The same holds when the restarted back-end also dies, while it recovers its position. */
    @ParameterizedTest
    @MethodSource("kinds")
    void aCrashDuringTheRecoveryChangesNothingOfThat(String kind) throws ReflectiveOperationException {
        deaths.beforeTwo(kind, 29, 16);
    }
}
