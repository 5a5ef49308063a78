// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the limit of a burst, then of lines per second; the number of omitted lines is reported once a second. */
class LineBudgetTest {
    private static final long MILLI = 1_000_000;

    /** The clock may begin anywhere. */
    @ParameterizedTest
    @ValueSource(longs = {0, 12345, -5, Long.MAX_VALUE - 1000 * MILLI, Long.MIN_VALUE})
    void aBurstAndThenSoManyASecond(long start) {
        LineBudget budget = new LineBudget(5, 10);
        assertThat(taken(budget, start, 100)).isEqualTo(5);
        assertThat(taken(budget, start + 99 * MILLI, 100)).isZero();
        assertThat(taken(budget, start + 100 * MILLI, 100)).isEqualTo(1);
        assertThat(taken(budget, start + 400 * MILLI, 100)).isEqualTo(3);
        assertThat(taken(budget, start + 60_000 * MILLI, 100)).isEqualTo(5);
    }

    @Test
    void whatIsLeftOutIsToldOnceASecond() {
        LineBudget budget = new LineBudget(5, 10);
        taken(budget, 0, 5);
        assertThat(budget.owes()).isFalse();
        taken(budget, 0, 7);
        assertThat(budget.owes()).isTrue();
        assertThat(budget.takeDropped(999 * MILLI, false)).isZero();
        assertThat(budget.takeDropped(1000 * MILLI, false)).isEqualTo(7);
        assertThat(budget.owes()).isFalse();
        assertThat(budget.takeDropped(5000 * MILLI, false)).isZero();
        taken(budget, 5000 * MILLI, 8);
        assertThat(budget.takeDropped(5000 * MILLI, true)).isEqualTo(3);
    }

    private static int taken(LineBudget budget, long now, int lines) {
        int taken = 0;
        for (int i = 0; i < lines; i++) {
            taken += budget.take(now) ? 1 : 0;
        }
        return taken;
    }
}
