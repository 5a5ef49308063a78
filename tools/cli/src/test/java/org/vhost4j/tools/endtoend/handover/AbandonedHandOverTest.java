// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.SocketPair;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.tools.endtoend.isolation.Neighbours;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.MessageType;
import org.vhost4j.vhostuser.handover.StateWriter;

/**
 * Tests a new back-end that ends, or sends a wrong message, at each step of a hand-over: the old one continues without
 * any change.
 */
class AbandonedHandOverTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration LENGTH = Duration.ofMillis(100);

    /** The last step of the new back-end. */
    enum Step {
        CONNECTED,
        HELLO,
        OFFER,
        PREPARE,
        SETUP,
        READY,
        /** Everything stands still when the new one ends. */
        POSITIONS
    }

    private static Stream<Arguments> setups() {
        return Stream.of(
                Arguments.argumentSet("split, one lane", NetSetup.full(), 1),
                Arguments.argumentSet("packed, two lanes", NetSetup.full().packed(), 2));
    }

    /** Why the old back-end kept its guests. */
    private static String kept(TestBackEnd backEnd, NewBackEnd other) throws Exception {
        SocketPair pair = SocketPair.create();
        try (HandOverChannel old = new HandOverChannel(pair.first());
                HandOverChannel fresh = new HandOverChannel(pair.second())) {
            CompletableFuture<String> reason = CompletableFuture.supplyAsync(() -> {
                try {
                    return "handed over to " + backEnd.backend().handOver(old);
                } catch (HandOverException e) {
                    return e.reason();
                }
            });
            other.run(fresh);
            return reason.get();
        }
    }

    /** The test's actions as the new back-end. */
    @FunctionalInterface
    private interface NewBackEnd {
        void run(HandOverChannel channel) throws HandOverException;
    }

    /** Does what a new back-end does, up to a step. */
    static void advance(HandOverChannel channel, Step to) throws HandOverException {
        for (Step step : Step.values()) {
            if (step.compareTo(to) > 0) {
                return;
            }
            switch (step) {
                case CONNECTED -> {}
                case HELLO ->
                    channel.send(
                            MessageType.HELLO, new StateWriter().number(1).number(HandOverChannel.FORMAT), PATIENCE);
                case OFFER ->
                    channel.receive(MessageType.OFFER, PATIENCE).reader().close();
                case PREPARE -> channel.send(MessageType.PREPARE, PATIENCE);
                case SETUP ->
                    channel.receive(MessageType.SETUP, PATIENCE).reader().close();
                case READY -> channel.send(MessageType.READY, PATIENCE);
                case POSITIONS ->
                    channel.receive(MessageType.POSITIONS, PATIENCE).reader().close();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("setups")
    void endsAtAnyStep(NetSetup setup, int lanes) throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.patient(lanes);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1), setup)) {
            for (Step last : Step.values()) {
                Neighbours.assertIntact(
                        neighbours.during(
                                LENGTH,
                                () -> assertThat(kept(backEnd, channel -> {
                                            advance(channel, last);
                                            channel.close();
                                        }))
                                        .as("after %s", last)
                                        .isEqualTo("the other back-end is gone")),
                        "at a hand-over");
            }
            // And then one that does not end.
            Neighbours.assertIntact(
                    neighbours.during(LENGTH, () -> backEnd.replace(backEnd.config())), "at a hand-over");
        }
    }

    @Test
    void answersNoMoreWhileEverythingStandsStill() throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.patient(1);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1), NetSetup.full())) {
            SocketPair pair = SocketPair.create();
            try (HandOverChannel old = new HandOverChannel(pair.first());
                    HandOverChannel silent = new HandOverChannel(pair.second())) {
                Neighbours.assertIntact(
                        neighbours.during(LENGTH, () -> {
                            CompletableFuture<Void> stops = CompletableFuture.runAsync(() -> {
                                try {
                                    advance(silent, Step.POSITIONS);
                                } catch (HandOverException e) {
                                    throw new AssertionError(e);
                                }
                            });
                            try {
                                backEnd.backend().handOver(old);
                                throw new AssertionError("not handed over");
                            } catch (HandOverException e) {
                                assertThat(e.reason()).isEqualTo("the other back-end says nothing");
                            }
                            stops.get();
                        }),
                        "at a hand-over");
            }
            Neighbours.assertIntact(neighbours.quiet(LENGTH), "at a hand-over");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = MessageType.class,
            names = {"READY", "COMMIT"})
    void saysWhatIsNotDue(MessageType wrong) throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.patient(1);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1), NetSetup.full())) {
            Neighbours.assertIntact(
                    neighbours.during(
                            LENGTH,
                            () -> assertThat(kept(backEnd, channel -> channel.send(wrong, PATIENCE)))
                                    .isEqualTo("the other back-end sent " + wrong + " instead of HELLO")),
                    "at a hand-over");
            Neighbours.assertIntact(
                    neighbours.during(
                            LENGTH,
                            () -> assertThat(kept(backEnd, channel -> {
                                        advance(channel, Step.POSITIONS);
                                        channel.refuse("no TAP");
                                    }))
                                    .isEqualTo("no TAP")),
                    "at a hand-over");
            Neighbours.assertIntact(
                    neighbours.during(
                            LENGTH,
                            () -> assertThat(kept(
                                            backEnd,
                                            channel -> channel.send(
                                                    MessageType.HELLO,
                                                    new StateWriter().number(7).number(9),
                                                    PATIENCE)))
                                    .isEqualTo("the new back-end reads state of format 7 to 9, and this one writes "
                                            + HandOverChannel.FORMAT)),
                    "at a hand-over");
        }
    }
}
