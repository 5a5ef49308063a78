// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class InterruptionTest {
    @Test
    void theSignalAsksAndWaitsForTheResult() throws InterruptedException {
        Interruption interruption = new Interruption(Duration.ofMinutes(5));
        assertThat(interruption.requested()).isFalse();
        Thread signal = Thread.ofPlatform().start(interruption::request);
        while (!interruption.requested()) {
            Thread.onSpinWait();
        }
        assertThat(signal.isAlive()).isTrue();
        interruption.close();
        signal.join();
    }

    @Test
    void aCommandThatEndsBeforeLeavesNothing() {
        Interruption interruption = Interruption.watch(Duration.ofMinutes(5));
        interruption.close();
        assertThat(interruption.requested()).isFalse();
    }
}
