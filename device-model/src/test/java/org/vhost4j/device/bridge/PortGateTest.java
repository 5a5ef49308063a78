// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.rate.RateLimit;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;

class PortGateTest {
    /** A port whose counters are expensive to read. */
    private static final class Costly implements CountedPort {
        private final PortCounters counters = new PortCounters();
        private int asked;

        @Override
        public PortCounters counters() {
            asked++;
            return counters;
        }

        @Override
        public String name() {
            return "costly";
        }

        @Override
        public int accepts() {
            return 0;
        }

        @Override
        public int deliver(Frame frame) {
            return DELIVERED;
        }

        @Override
        public void flush() {}
    }

    @Test
    void framesBeyondTheRateAreCountedWithoutAskingThePort() {
        Costly port = new Costly();
        PortGate gate = new PortGate(new NullSink(), () -> 1, nanos -> {});
        gate.setPort(port);
        gate.rates(new PortRates(new RateLimit(1, 0, 1), RateLimit.NONE));
        Frame frame = new Frame();
        frame.bytes = 1024;
        assertThat(gate.deliver(frame)).isEqualTo(FramePort.DELIVERED);
        for (int i = 0; i < 10; i++) {
            assertThat(gate.deliver(frame)).isEqualTo(FramePort.REFUSED);
        }
        assertThat(port.counters.drops(PortDrop.RATE)).isEqualTo(10);
        assertThat(port.asked).isEqualTo(1);
    }
}
