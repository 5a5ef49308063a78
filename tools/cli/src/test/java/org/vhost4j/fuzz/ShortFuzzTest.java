// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs every target with its seeds, with all stored inputs of long runs of the coverage-guided fuzzer, and with a
 * number of mutated inputs, which are the same each time. The long runs are {@code tools/fuzz}; docs/fuzzing.md has
 * their figures.
 */
class ShortFuzzTest {
    private static final int CHANGED = 4000;
    /** What takes longer than microseconds. */
    private static final Map<String, Integer> FEWER = Map.of(
            "definition",
            150,
            "session",
            1500,
            "message",
            3000,
            "config",
            1000,
            "http",
            1000,
            "stream",
            2000,
            "trace",
            1000);

    static Stream<String> targets() {
        return FuzzTargets.names().stream();
    }

    @ParameterizedTest
    @MethodSource("targets")
    void everyInputIsSurvived(String name) {
        try (FuzzTarget target = FuzzTargets.of(name)) {
            List<byte[]> inputs = Corpus.whole(target);
            assertThat(inputs).isNotEmpty();
            inputs.forEach(input -> run(target, input));
            Mutations mutations = new Mutations(22);
            for (int i = FEWER.getOrDefault(name, CHANGED); i > 0; i--) {
                run(target, mutations.next(inputs));
            }
        }
    }

    private static void run(FuzzTarget target, byte[] input) {
        try {
            target.run(input);
        } catch (Exception | AssertionError e) {
            throw new AssertionError(
                    "%s: %s with the input %s"
                            .formatted(target.name(), e, Base64.getEncoder().encodeToString(input)),
                    e);
        }
    }
}
