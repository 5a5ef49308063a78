// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
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
    void theSignalEndsTheStep() throws InterruptedException {
        AtomicInteger ended = new AtomicInteger();
        Interruption interruption = new Interruption(Duration.ofMinutes(5));
        interruption.onRequest(ended::incrementAndGet);
        assertThat(ended).hasValue(0);
        interruption.close();
        interruption.request();
        assertThat(ended).hasValue(1);
        // A step that begins after the signal ends, too.
        interruption.onRequest(ended::incrementAndGet);
        assertThat(ended).hasValue(2);
    }

    @Test
    void aCommandThatEndsBeforeLeavesNothing() {
        Interruption interruption = Interruption.watch(Duration.ofMinutes(5));
        interruption.close();
        assertThat(interruption.requested()).isFalse();
    }
}
