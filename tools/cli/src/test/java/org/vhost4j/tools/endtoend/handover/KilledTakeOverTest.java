// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.tools.endtoend.crash.SurvivingGuest;
import org.vhost4j.tools.endtoend.isolation.Neighbours;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverChannel.Moment;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.HandOverSocket;
import org.vhost4j.vhostuser.handover.MessageType;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.SilentListener;
import org.vhost4j.vhostuser.server.Switching;

/**
 * Tests a new back-end, in its own process, that is killed at each step of a hand-over. Until the old one has sent
 * COMMIT, it continues without any change. After that the result is that of a killed back-end: the next one continues
 * from the positions saved beside the sockets, and no frame arrives twice. {@link AbandonedHandOverTest} tests split
 * rings and one lane.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class KilledTakeOverTest {
    private static final Duration LENGTH = Duration.ofMillis(50);
    private static final int FRAMES = 200;
    private static final FeatureSet RINGS =
            FeatureSet.of(Feature.VERSION_1, Feature.MRG_RXBUF, Feature.RING_PACKED, Feature.IN_ORDER);

    @TempDir(factory = InSharedMemory.class)
    Path directory;

    /** Both sides' configuration. */
    static BackendConfig config(Path directory, int lanes, MarkerUplink marker) {
        return BackendConfig.builder(
                        List.of(
                                Endpoint.listen(directory.resolve("a"), Attach.DEVICE),
                                Endpoint.listen(directory.resolve("b"), Attach.DEVICE)),
                        TestBackEnd.OFFERED)
                .mtu(9000)
                .lanes(lanes)
                .promise("a promise")
                .switching(new Switching.Bridged(List.of(marker)))
                .receiveTimeouts(new ReceiveTimeouts(Duration.ofMinutes(1), Duration.ofMinutes(1)))
                .build();
    }

    private BackendConfig config(int lanes) {
        return config(directory, lanes, new MarkerUplink(step -> {}));
    }

    private static List<TakeOverStep> steps(boolean isFinal) {
        return Stream.of(TakeOverStep.values())
                .filter(step -> step.isFinal() == isFinal)
                .toList();
    }

    /** Makes a new back-end take over and die; why the old one kept its guests, or that it did not. */
    private String outcome(Backend old, DyingBackEnd fresh, TakeOverStep last) throws IOException {
        try (HandOverSocket socket = HandOverSocket.listen(directory.resolve("next"))) {
            fresh.connect();
            Moment dies = switch (last) {
                case TAKEN_SENT -> Moment.SENDING;
                case COMMIT_SENT -> Moment.SENT;
                default -> null;
            };
            HandOverChannel.Watch watch = (moment, type) -> {
                // Only where both could be first one has to wait for the other.
                if (type == MessageType.COMMIT && moment == dies) {
                    fresh.killThere();
                }
            };
            CompletableFuture<Void> killed = dies != null
                    ? CompletableFuture.completedFuture(null)
                    : CompletableFuture.runAsync(fresh::killThere);
            try (HandOverChannel channel = socket.accept(watch).orElseThrow()) {
                int process = old.handOver(channel).process();
                killed.join();
                return "handed over to " + process;
            } catch (HandOverException e) {
                killed.join();
                return e.reason();
            }
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    private static long mappings() throws IOException {
        try (Stream<String> all = Files.lines(Path.of("/proc/self/maps"))) {
            return all.filter(line -> line.contains("memfd:")).count();
        }
    }

    @Test
    void theOldOneContinuesUntilCommit() throws Exception {
        int lanes = 2;
        try (Backend old = Backend.start(config(lanes), new SilentListener());
                Neighbours neighbours = Neighbours.attach(
                        directory.resolve("a"),
                        directory.resolve("b"),
                        NetSetup.full().packed())) {
            List<Long> before = new ArrayList<>();
            for (TakeOverStep last : steps(false)) {
                try (DyingBackEnd fresh = DyingBackEnd.start(directory, lanes, last)) {
                    Neighbours.assertIntact(
                            neighbours.during(
                                    LENGTH,
                                    () -> assertThat(outcome(old, fresh, last))
                                            .as("killed at %s", last)
                                            .isEqualTo("the other back-end is gone")),
                            "at " + last);
                }
                if (before.isEmpty()) {
                    before = List.of(descriptors(), mappings());
                }
            }
            assertThat(List.of(descriptors(), mappings()))
                    .as("descriptors and guests' mappings")
                    .isEqualTo(before);
            Neighbours.assertIntact(neighbours.quiet(LENGTH), "after all");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TakeOverStep.class,
            names = {"COMMIT_SENT", "COMMIT_RECEIVED", "BEGINNING", "SERVING"})
    void fromCommitOnItIsACrash(TakeOverStep last) throws Exception {
        assertThat(last.isFinal()).isTrue();
        try (SurvivingGuest a = new SurvivingGuest(RINGS, 0x020000000a01L);
                SurvivingGuest b = new SurvivingGuest(RINGS, 0x020000000a02L);
                DyingBackEnd fresh = DyingBackEnd.start(directory, 1, last)) {
            try (Backend old = Backend.start(config(1), new SilentListener())) {
                b.attach(directory.resolve("b"));
                a.attach(directory.resolve("a"));
                exchange(a, b, 0);
                assertThat(outcome(old, fresh, last)).startsWith("handed over to ");
                // These were on their way to the one that is dead.
                assertThat(a.send(FRAMES, 10)).isEqualTo(10);
            }
            try (Backend next = Backend.start(config(1), new SilentListener())) {
                assertThat(next).isNotNull();
                b.attach(directory.resolve("b"));
                a.attach(directory.resolve("a"));
                assertThat(receive(b, FRAMES, FRAMES + 10))
                        .as("killed at %s", last)
                        .isZero();
                exchange(a, b, FRAMES + 10);
            }
        }
    }

    /** Sends frames and receives all of them, once and in order. */
    private static void exchange(SurvivingGuest a, SurvivingGuest b, int first) {
        int sent = 0;
        int next = first;
        while (next < first + FRAMES) {
            sent += sent < FRAMES ? a.send(first + sent, FRAMES - sent) : 0;
            int seen = b.receive();
            if (seen >= 0) {
                assertThat(seen).isEqualTo(next);
                next++;
            }
        }
        while (a.inFlight() != 0) {
            Thread.onSpinWait();
        }
    }

    /** Receives frames; how many are not the next one. */
    private static int receive(SurvivingGuest to, int first, int end) {
        int wrong = 0;
        int next = first;
        while (next < end) {
            int seen = to.receive();
            if (seen >= 0) {
                wrong += seen == next ? 0 : 1;
                next = seen + 1;
            }
        }
        return wrong;
    }
}
