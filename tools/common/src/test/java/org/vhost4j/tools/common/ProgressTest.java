// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(-5 * SECOND);
    private final StringWriter written = new StringWriter();

    private Progress progress(boolean terminal) {
        return new Progress(new PrintWriter(written), terminal, clock::get);
    }

    @Test
    void aShortCommandPrintsNothing() {
        try (Progress progress = progress(true)) {
            clock.addAndGet(SECOND);
            progress.step(1, 2, "cases");
        }
        assertThat(written.toString()).isEmpty();
    }

    @Test
    void aFileGetsALineEveryTenSeconds() {
        try (Progress progress = progress(false)) {
            for (int i = 1; i <= 24; i++) {
                clock.addAndGet(SECOND);
                progress.step(i, 100, "cases");
            }
        }
        assertThat(written.toString()).isEqualTo("""
                2 of 100, about 1:38 min left: cases
                12 of 100, about 1:28 min left: cases
                22 of 100, about 1:18 min left: cases
                """);
    }

    @Test
    void aTerminalGetsOneLineThatIsRemoved() {
        try (Progress progress = progress(true)) {
            clock.addAndGet(2 * SECOND);
            progress.step(0, 10, "cases");
            clock.addAndGet(2 * SECOND);
            progress.step(8, 10, "cases");
        }
        assertThat(written.toString())
                .isEqualTo("\r\033[K0 of 10: cases\r\033[K8 of 10, about 1 s left: cases\r\033[K");
    }
}
