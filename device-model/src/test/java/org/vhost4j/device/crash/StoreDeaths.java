// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Constructor;
import java.util.function.Function;

/**
 * Runs a scenario with deaths before chosen stores, in classes that {@link DyingMemory} has loaded. A scenario says nothing when all is
 * well, {@code end} when it was over before its first death, and otherwise what is wrong.
 */
final class StoreDeaths {
    private final Constructor<?> scenario;

    /**
     * Loads a scenario.
     *
     * @param name of a class in this package, a function of stores to die before, with a constructor that takes the kind
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
     * A run without a death, and one with a death before each store.
     *
     * @param kind of the scenario
     * @return the number of the first store that there is not
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
     * A second death after the first: the process that is started again dies, too.
     *
     * @param kind of the scenario
     * @param step from one first death to the next, in stores
     * @param seconds before how many stores of the second process it dies in turn
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
