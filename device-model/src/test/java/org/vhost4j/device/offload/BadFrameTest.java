// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

class BadFrameTest {
    /** The reasons that depend on the receiver, which {@link OffloadEngineTest} tests. */
    private static final Set<BadFrame> ON_DELIVERY = EnumSet.of(BadFrame.TOO_MANY_PIECES);

    private final Arena arena = Arena.ofConfined();
    private final OffloadEngine engine = new OffloadEngine();

    @AfterEach
    void close() {
        arena.close();
    }

    @ParameterizedTest
    @MethodSource("org.vhost4j.device.offload.BadFrameCase#cases")
    void hasItsReasonAndIsCountedOnce(BadFrameCase bad) {
        Frame frame = bad.frame(arena);

        assertThat(engine.check(frame, bad.allowed)).isEqualTo(bad.reason);

        assertThat(frame.needs).isEqualTo(Frame.UNCHECKED);
        assertThat(engine.counters().get(bad.reason)).isEqualTo(1);
        assertThat(engine.counters().bad()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("org.vhost4j.device.offload.BadFrameCase#ofAnySender")
    void neverReachesAPort(BadFrameCase bad) {
        RecordingPort port = new RecordingPort(Offloads.ALL);

        assertThat(engine.deliver(bad.frame(arena), port)).isEqualTo(FramePort.REFUSED);

        assertThat(port.delivered).isEmpty();
        assertThat(engine.counters().get(bad.reason)).isEqualTo(1);
    }

    @Test
    void thePacketThatIsChangedIsGood() {
        Frame frame = BadFrameCase.good().frame(arena, new SplittableRandom(3), 3);

        assertThat(engine.check(frame, Offloads.ALL)).isNull();
        assertThat(engine.counters().bad()).isZero();
    }

    @Test
    void everyReasonHasACase() {
        Set<BadFrame> covered = BadFrameCase.cases().map(bad -> bad.reason).collect(Collectors.toSet());

        assertThat(covered).isEqualTo(EnumSet.complementOf(EnumSet.copyOf(ON_DELIVERY)));
    }

    @Test
    void everyReasonHasADistinctMeaning() {
        assertThat(Stream.of(BadFrame.values()).map(BadFrame::meaning)).doesNotHaveDuplicates();
    }
}
