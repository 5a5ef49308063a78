// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Constructor;
import java.util.function.Function;

/**
 * Runs a scenario, in classes that {@link DyingMemory} has loaded, with simulated deaths of the process before given
 * stores. A scenario returns an empty text when it succeeded, {@code end} when it ended before its first death, and
 * otherwise the error.
 */
final class StoreDeaths {
    private final Constructor<?> scenario;

    /**
     * Loads a scenario.
     *
     * @param name name of a class in this package: a function of the stores before which to die, with a constructor
     *     that takes the kind
     */
    StoreDeaths(String name) {
        try {
            ClassLoader loader = new DyingMemory(StoreDeaths.class.getClassLoader());
            scenario = loader.loadClass(StoreDeaths.class.getPackageName() + "." + name)
                    .getConstructor(String.class);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private String run(String kind, long... deaths) throws ReflectiveOperationException {
        @SuppressWarnings("unchecked")
        Function<long[], String> fresh = (Function<long[], String>) scenario.newInstance(kind);
        return fresh.apply(deaths);
    }

    /**
     * Runs the scenario without a death, and once with a death before each store.
     *
     * @param kind kind of the scenario, for its constructor
     * @return one more than the number of stores
     */
    long beforeEach(String kind) throws ReflectiveOperationException {
        assertThat(run(kind)).isEmpty();
        long n = 1;
        String outcome = run(kind, n);
        while (!outcome.equals("end")) {
            assertThat(outcome).as("a crash before store %d", n).isEmpty();
            n++;
            outcome = run(kind, n);
        }
        return n;
    }

    /**
     * Runs the scenario with two deaths: that of the first process, and that of the restarted one.
     *
     * @param kind kind of the scenario, for its constructor
     * @param step distance in stores between the first deaths of two runs
     * @param seconds number of stores of the restarted process; before each of them it dies in one run
     */
    void beforeTwo(String kind, int step, int seconds) throws ReflectiveOperationException {
        for (long n = 1; !run(kind, n).equals("end"); n += step) {
            for (long m = 1; m <= seconds; m++) {
                assertThat(run(kind, n, m))
                        .as("crashes before stores %d and %d", n, m)
                        .isIn("", "end");
            }
        }
    }
}
