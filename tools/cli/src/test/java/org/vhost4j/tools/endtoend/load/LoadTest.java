// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of the test that {@code tools/load} runs for minutes and hours: the back-end's resources do not grow. */
class LoadTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @Test
    void guestsComeAndGo() throws Exception {
        try (Load load = new Load(directory, 4)) {
            Load.Result result = load.churn(24, 0);
            assertThat(result.flat()).as(result.row()).isTrue();
            assertThat(result.frames()).isPositive();
        }
    }

    @Test
    void connectionsComeAndGo() throws Exception {
        try (Load load = new Load(directory, 1)) {
            Load.Result result = load.connections(200);
            assertThat(result.flat()).as(result.row()).isTrue();
        }
    }
}
