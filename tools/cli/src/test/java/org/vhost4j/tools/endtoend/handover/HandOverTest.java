// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.tools.endtoend.isolation.Neighbours;
import org.vhost4j.tools.endtoend.isolation.Report;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.PortSnapshot;
import org.vhost4j.vhostuser.server.Switching;

/**
 * Tests the hand-over of guests from one back-end in this process to another while numbered frames are sent: none is
 * lost, duplicated or damaged.
 */
class HandOverTest {
    private static final Duration LENGTH = Duration.ofMillis(200);
    private static final int TIMES = 3;
    private static final long PATIENCE_SECONDS = 60;

    private static Stream<Arguments> setups() {
        NetSetup split = NetSetup.full();
        return Stream.of(
                setup("split, one lane", split, 1),
                setup("split, two lanes", split, 2),
                setup("packed, one lane", split.packed(), 1),
                setup("packed, two lanes", split.packed(), 2),
                setup("split in order, one lane", split.inOrder(), 1),
                setup("packed in order, two lanes", split.packed().inOrder(), 2),
                setup("legacy, one lane", NetSetup.legacy(), 1),
                setup("rings of 64, two lanes", split.queues(1, 64), 2));
    }

    private static Arguments setup(String what, NetSetup setup, int lanes) {
        return Arguments.argumentSet(what, setup, lanes, what);
    }

    @ParameterizedTest
    @MethodSource("setups")
    void nothingIsLostOrDoubled(NetSetup setup, int lanes, String what) throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.patient(lanes);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1), setup)) {
            neighbours.rate(TakeOverRounds.rate(20_000) / 2);
            TakeOverRounds rounds = new TakeOverRounds("guest to guest, " + what);
            for (int i = 0; i < TakeOverRounds.rounds(TIMES); i++) {
                Report quiet = neighbours.quiet(LENGTH);
                rounds.add(quiet, neighbours.during(LENGTH, () -> backEnd.replace(backEnd.config())));
            }
            rounds.finish();
        }
    }

    @Test
    void theNumberOfLanesMayChange() {
        try (TestBackEnd backEnd = TestBackEnd.patient(2);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1), NetSetup.full())) {
            Neighbours.assertIntact(
                    neighbours.during(LENGTH, () -> backEnd.replace(withLanes(backEnd, 1))), "at a hand-over");
            Neighbours.assertIntact(
                    neighbours.during(LENGTH, () -> backEnd.replace(withLanes(backEnd, 2))), "at a hand-over");
        }
    }

    @Test
    void aFrameOfAnotherLaneThatWaitsForAPortIsHandedOverAndThePortsCounters() throws Exception {
        FullUplink uplink = new FullUplink(new CountDownLatch(1), new CompletableFuture<>());
        byte[] sent =
                PacketBuilder.udp4().macs(2, FullUplink.STATION).payload(80, 1).complete();
        try (TestBackEnd backEnd =
                        TestBackEnd.of(2, config -> config.lanes(2).switching(new Switching.Bridged(List.of(uplink))));
                NetDriver guest = backEnd.attach(1, NetSetup.full())) {
            guest.send(sent);
            assertThat(uplink.refused().await(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isTrue();
            backEnd.replace(backEnd.config());
            PortSnapshot port = backEnd.backend().ports().getLast();
            assertThat(List.of(port.framesOut(), port.bytesOut(), port.dropped()))
                    .as("what was counted before")
                    .containsExactly(1L, (long) FullUplink.FIRST_BYTES, (long) FullUplink.FIRST_DROPS);
            assertThat(uplink.taken().get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(sent);
        }
    }

    private static BackendConfig withLanes(TestBackEnd backEnd, int lanes) {
        BackendConfig like = backEnd.config();
        return BackendConfig.builder(like.endpoints(), like.offered())
                .mtu(like.mtu())
                .receiveTimeouts(like.receiveTimeouts())
                .lanes(lanes)
                .build();
    }

    @Test
    void aSmallerOfferIsRefusedAndNothingIsNoticed() {
        try (TestBackEnd backEnd = TestBackEnd.patient(1);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1), NetSetup.full())) {
            BackendConfig like = backEnd.config();
            BackendConfig less = BackendConfig.builder(
                            like.endpoints(), like.offered().minus(FeatureSet.of(Feature.HOST_UFO)))
                    .mtu(like.mtu())
                    .build();
            Neighbours.assertIntact(
                    neighbours.during(
                            LENGTH,
                            () -> assertThatThrownBy(() -> backEnd.replace(less))
                                    .isInstanceOf(HandOverException.class)
                                    .hasMessageContaining("offered there and not here: HOST_UFO")),
                    "at a hand-over");
            backEnd.awaitLine("old", "offered there and not here: HOST_UFO");
            Neighbours.assertIntact(
                    neighbours.during(LENGTH, () -> backEnd.replace(backEnd.config())), "at a hand-over");
        }
    }
}
