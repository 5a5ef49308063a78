// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.offload.SuperFrame;

class WireLengthTest {
    @AutoClose
    private final Arena arena = Arena.ofConfined();

    /** A port that counts the bytes of segments. */
    private static final class Wire implements FramePort {
        private long bytes;

        @Override
        public String name() {
            return "wire";
        }

        @Override
        public int accepts() {
            return 0;
        }

        @Override
        public int deliver(Frame frame) {
            bytes += frame.bytes;
            return DELIVERED;
        }

        @Override
        public void flush() {}
    }

    @Test
    void aSuperFrameIsAsLongAsItsSegmentsTogether() {
        SplittableRandom random = new SplittableRandom(3);
        OffloadEngine engine = new OffloadEngine();
        int cut = 0;
        while (cut < 300) {
            SuperFrame packet = SuperFrame.random(random, 60_000, 1 + random.nextInt(3), false);
            Frame frame = packet.frame(arena, random, 1 + random.nextInt(5));
            if (engine.check(frame, Offloads.ALL) != null || frame.gsoType == Frame.GSO_NONE) {
                continue;
            }
            cut++;
            long length = WireLength.of(frame, frame.bytes);
            Wire wire = new Wire();
            assertThat(engine.deliver(frame, wire)).isEqualTo(FramePort.DELIVERED);
            assertThat(length).as("%s", packet).isEqualTo(wire.bytes);
        }
    }

    @Test
    void aHeaderThatLiesAddsNoMoreThanItCan() {
        Frame frame = new Frame();
        frame.gsoType = Frame.GSO_TCPV4;
        frame.gsoSize = 1;
        frame.checksumStart = 34;
        assertThat(frame.add(arena.allocate(100).address(), 100)).isTrue();
        assertThat(WireLength.of(frame, 100)).isEqualTo(100 + 45 * 54);
        frame.checksumStart = 65_000;
        assertThat(WireLength.of(frame, 100)).isEqualTo(100);
    }
}
