// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class BudgetTest {
    private long now = Long.MAX_VALUE - 5;
    private int looks;
    private final Budget budget = new Budget(4, 1000, 100, () -> {
        looks++;
        return now;
    });

    /** Works for one turn, with units of the given length and duration; returns the number of units. */
    private int turn(int length, int nanos) {
        budget.begin();
        int done = 0;
        while (done < 100 && budget.remains()) {
            now += nanos;
            budget.spend(length);
            done++;
        }
        return done;
    }

    @Test
    void unitsEndATurn() {
        assertThat(turn(0, 0)).isEqualTo(4);
        assertThat(turn(0, 0)).as("in the next turn").isEqualTo(4);
    }

    @Test
    void bytesEndATurn() {
        assertThat(turn(400, 0)).isEqualTo(3);
        assertThat(turn(500, 0)).isEqualTo(2);
    }

    @Test
    void timeEndsATurnAlsoWhenTheClockWrapsAround() {
        assertThat(turn(0, 40)).isEqualTo(3);
        assertThat(turn(0, 50)).isEqualTo(2);
    }

    @Test
    void oneUnitIsAlwaysAllowed() {
        assertThat(turn(1_000_000, 1_000_000)).isEqualTo(1);
        assertThat(turn(1_000_000, 1_000_000)).isEqualTo(1);
    }

    @Test
    void whatIsUsedUpIsUsedUpForAll() {
        turn(0, 0);
        assertThat(budget.remains()).isFalse();
    }

    @Test
    void aTurnWithoutWorkDoesNotReadTheClock() {
        for (int i = 0; i < 10; i++) {
            budget.begin();
        }
        assertThat(looks).isZero();
    }

    @Test
    void aBudgetAllowsSomething() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Budget(0, 1, 1, () -> 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Budget(1, 0, 1, () -> 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Budget(1, 1, 0, () -> 0));
    }
}
