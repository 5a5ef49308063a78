// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A little of what {@code tools/load --fairness} measures: equal guests have equal shares, counted in frames. */
class FairnessTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @Test
    void theIndexIsJains() {
        Offset<Double> little = Offset.offset(1e-9);
        assertThat(Fairness.jain(List.of(7L, 7L, 7L))).isEqualTo(1, little);
        assertThat(Fairness.jain(List.of(5L, 0L, 0L, 0L))).isEqualTo(0.25, little);
        assertThat(Fairness.jain(List.of(1L, 2L, 3L))).isEqualTo(36.0 / 42, little);
    }

    @Test
    void guestsAtFullSpeedHaveEqualShares() throws Exception {
        try (Fairness fairness = new Fairness(directory, 64, 64, 64, 64, 64, 64)) {
            Fairness.Served served = fairness.serveAll(120_000);
            assertThat(served.index()).as("%s", served.frames()).isGreaterThan(0.95);
        }
    }
}
