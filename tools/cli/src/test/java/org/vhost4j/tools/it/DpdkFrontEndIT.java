// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.bench.Children;
import org.vhost4j.bench.PortStats;
import org.vhost4j.bench.Testpmd;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.offload.OffloadCounter;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.Switching;

/**
 * Tests the back-end with a front-end and driver from another project: DPDK's virtio-user in dpdk-testpmd. Both sides
 * count frames, and after the front-end has stopped the counts are equal.
 */
class DpdkFrontEndIT {
    private static final int RING_SIZE = 256;
    /** So many frames at least, so that every ring goes round many times. */
    private static final long FRAMES = 50_000;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private final RecordingListener events = new RecordingListener();
    private Testpmd.Ring ring = Testpmd.Ring.SPLIT;

    @BeforeAll
    static void dpdkIsThere() {
        Children.require(Testpmd.PROGRAM, Testpmd.REMEDY);
    }

    @ParameterizedTest(name = "{0} queues, mergeable {1}, segments {2}")
    @CsvSource({
        "1, true, 64",
        "1, false, 64",
        "2, true, 64",
        "2, false, 64",
        "1, true, '60,700,740'",
        "2, false, '60,700,740'"
    })
    void whatItSendsIsCounted(int queues, boolean mergeable, String segments) throws IOException {
        try (Backend backend = backend(queues, new Switching.Dropped());
                Children children = new Children();
                Testpmd frontEnd = frontEnd(children, queues, mergeable, "txonly")) {
            assertThat(events.awaitNegotiated().has(Feature.MRG_RXBUF)).isEqualTo(mergeable);
            frontEnd.command("set txpkts " + segments);
            frontEnd.command("start");
            awaitFrames(frontEnd, PortStats::txPackets);
            String streams = frontEnd.command("stop");

            long sent = frontEnd.stats().txPackets();
            Counters counters = backend.counters(0);
            await("frames sent", sent, () -> counters.get(Counter.TX_FRAMES));
            long frameBytes = List.of(segments.split(",")).stream()
                    .mapToLong(Long::parseLong)
                    .sum();
            assertThat(counters.get(Counter.TX_BYTES)).isEqualTo(sent * frameBytes);
            assertThat(counters.get(Counter.TX_BAD_HEADER)).isZero();
            assertEveryQueueWorked(streams, queues, "TX-packets");
            assertEndsClean(frontEnd);
        }
    }

    @ParameterizedTest(name = "{0} queues, mergeable {1}")
    @CsvSource({"1, true", "1, false", "2, true", "2, false"})
    void whatIsEchoedReturns(int queues, boolean mergeable) throws IOException {
        roundAndRound(queues, mergeable, "1400");
    }

    /**
     * Every path of the driver for packed rings and for devices that use chains in order. The driver takes its vector code when
     * it has some for the combination.
     */
    @ParameterizedTest(name = "packed {0}, in order {1}, mergeable {2}, vectorized {3}")
    @CsvSource({
        "true, false, true, false",
        "true, false, false, false",
        "true, true, true, false",
        "true, true, false, false",
        "false, true, true, false",
        "false, true, false, false",
        "true, true, false, true",
        "false, false, false, true"
    })
    void everyKindOfRing(boolean packed, boolean inOrder, boolean mergeable, boolean vectorized) throws IOException {
        ring = new Testpmd.Ring(packed, inOrder, vectorized);
        FeatureSet negotiated = roundAndRound(1, mergeable, "1400");
        assertThat(negotiated.has(Feature.RING_PACKED)).isEqualTo(packed);
        assertThat(negotiated.has(Feature.IN_ORDER)).isEqualTo(inOrder);
        assertThat(negotiated.has(Feature.MRG_RXBUF)).isEqualTo(mergeable);
    }

    @Test
    void packedFramesInManyPiecesAndBuffers() throws IOException {
        ring = Testpmd.Ring.PACKED;
        roundAndRound(2, true, "300,300,300", "--mbuf-size=512", "--enable-scatter", "--max-pkt-len=1518");
    }

    /** Frames larger than the driver's buffers arrive in several of them. */
    @Test
    void framesAreMergedFromSeveralBuffers() throws IOException {
        roundAndRound(1, true, "300,300,300", "--mbuf-size=512", "--enable-scatter", "--max-pkt-len=1518");
    }

    /** A few frames go round between driver and device forever: none may get lost on the way, and none may double. */
    private FeatureSet roundAndRound(int queues, boolean mergeable, String segments, String... more)
            throws IOException {
        try (Backend backend = backend(queues, new Switching.Echoed());
                Children children = new Children();
                Testpmd frontEnd = frontEnd(children, queues, mergeable, "io", more)) {
            FeatureSet negotiated = events.awaitNegotiated();
            frontEnd.command("set txpkts " + segments);
            frontEnd.command("start tx_first 2");
            awaitFrames(frontEnd, PortStats::rxPackets);
            String streams = frontEnd.command("stop");

            PortStats stats = frontEnd.stats();
            long frames = 2L * 32 * queues;
            assertThat(stats.txPackets() - stats.rxPackets())
                    .as("frames on their way")
                    .isEqualTo(frames);
            Counters counters = backend.counters(0);
            await("frames sent", stats.txPackets(), () -> counters.get(Counter.TX_FRAMES));
            await("frames received", stats.txPackets(), () -> counters.get(Counter.RX_FRAMES));
            assertThat(counters.get(Counter.RX_BYTES)).isEqualTo(counters.get(Counter.TX_BYTES));
            assertEveryQueueWorked(streams, queues, "TX-packets");
            assertEveryQueueWorked(streams, queues, "RX-packets");
            assertEndsClean(frontEnd);
            return negotiated;
        }
    }

    /** What each of two guests receives it sends on, across the bridge, to the other; on two lanes every frame crosses. */
    @ParameterizedTest(name = "{0} lanes, packed {1}")
    @CsvSource({"1, false", "2, false", "1, true", "2, true"})
    void framesGoRoundBetweenTwoGuests(int lanes, boolean packed) throws IOException {
        ring = new Testpmd.Ring(packed, false, false);
        List<Path> sockets = List.of(socket(), directory.resolve("guest1.sock"));
        try (Backend backend = backend(sockets, 1, new Switching.Bridged(List.of()), lanes);
                Children children = new Children();
                Testpmd frontEnd = frontEnd(children, sockets, 1, true, "io")) {
            assertThat(events.awaitNegotiated().has(Feature.RING_PACKED)).isEqualTo(packed);
            assertThat(events.awaitNegotiated().has(Feature.RING_PACKED)).isEqualTo(packed);
            frontEnd.command("set txpkts 700");
            frontEnd.command("start tx_first 2");
            awaitFrames(frontEnd, PortStats::rxPackets);
            frontEnd.command("stop");

            PortStats stats = frontEnd.stats();
            assertThat(stats.txPackets() - stats.rxPackets())
                    .as("frames on their way")
                    .isEqualTo(2L * 2 * 32);
            Counters one = backend.counters(0);
            Counters other = backend.counters(1);
            for (Counter counter : List.of(Counter.TX_FRAMES, Counter.RX_FRAMES)) {
                await(counter.meaning(), stats.txPackets(), () -> one.get(counter) + other.get(counter));
                assertThat(Math.min(one.get(counter), other.get(counter)))
                        .as(counter.meaning())
                        .isPositive();
            }
            assertThat(one.get(Counter.RX_FRAMES)).isEqualTo(other.get(Counter.TX_FRAMES));
            assertThat(backend.offloads().get(OffloadCounter.PASSED))
                    .as("each was handed over once")
                    .isEqualTo(stats.txPackets());
            assertEndsClean(frontEnd);
        }
    }

    /** The next front-end finds the device as the first one did. */
    @Test
    void anotherOneAttachesAfterTheFirst() throws IOException {
        try (Backend backend = backend(1, new Switching.Dropped());
                Children children = new Children()) {
            long before = 0;
            for (int i = 0; i < 2; i++) {
                try (Testpmd frontEnd = frontEnd(children, 1, true, "txonly")) {
                    frontEnd.command("start");
                    awaitFrames(frontEnd, PortStats::txPackets);
                    frontEnd.command("stop");
                    before += frontEnd.stats().txPackets();
                    await("frames sent", before, () -> backend.counters(0).get(Counter.TX_FRAMES));
                    assertEndsClean(frontEnd);
                }
            }
        }
    }

    private Backend backend(int queues, Switching switching) {
        return backend(List.of(socket()), queues, switching, 1);
    }

    private Backend backend(List<Path> sockets, int queues, Switching switching, int lanes) {
        Resolution resolution = resolved(queues);
        List<Endpoint> endpoints =
                sockets.stream().map(path -> Endpoint.listen(path, Attach.AUTO)).toList();
        return Backend.start(
                BackendConfig.builder(endpoints, resolution.offered())
                        .leftToFrontEnd(resolution.leftToFrontEnd())
                        .queuePairs(queues)
                        .switching(switching)
                        .lanes(lanes)
                        .build(),
                events);
    }

    private static Resolution resolved(int queues) {
        Request request = new Request(
                Optional.empty(),
                Optional.of("linux-6.17"),
                Map.of(),
                MissingPolicy.REFUSE,
                Set.of(),
                DeviceCapabilities.vhost4j(queues, OptionalInt.empty()),
                HostCapabilities.NOT_PROBED);
        return switch (new Resolver(PlatformCatalog.shipped()).resolve(request)) {
            case Resolution resolution -> resolution;
            case Refusal refusal -> throw new AssertionError(refusal.message());
        };
    }

    private Path socket() {
        return directory.resolve("guest0.sock");
    }

    private Testpmd frontEnd(Children children, int queues, boolean mergeable, String mode, String... more)
            throws IOException {
        return frontEnd(children, List.of(socket()), queues, mergeable, mode, more);
    }

    private Testpmd frontEnd(
            Children children, List<Path> sockets, int queues, boolean mergeable, String mode, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--txonly-multi-flow"));
        arguments.addAll(List.of(more));
        return Testpmd.frontEnd(
                children, 0, new Testpmd.FrontEnd(sockets, queues, mergeable, RING_SIZE, ring, mode, arguments));
    }

    private static void awaitFrames(Testpmd frontEnd, ToLongFunction<PortStats> counter) throws IOException {
        Await.until(() -> FRAMES + " frames", PATIENCE, () -> counter.applyAsLong(frontEnd.stats()) >= FRAMES);
    }

    /** The back-end is still working on what the front-end has left in the rings. */
    private static void await(String what, long expected, LongSupplier counter) {
        Await.until(
                () -> what + " is " + counter.getAsLong() + ", not " + expected,
                PATIENCE,
                () -> counter.getAsLong() == expected);
    }

    /** With more than one queue testpmd's report has a part for each; with one it has only the total. */
    private static void assertEveryQueueWorked(String report, int queues, String counter) {
        if (queues == 1) {
            return;
        }
        Matcher matcher = Pattern.compile(
                        "Forward Stats for RX Port= *0/Queue= *([0-9]+).*?" + counter + ": *([0-9]+)", Pattern.DOTALL)
                .matcher(report);
        int found = 0;
        while (matcher.find()) {
            assertThat(Long.parseLong(matcher.group(2)))
                    .as("%s of queue %s", counter, matcher.group(1))
                    .isPositive();
            found++;
        }
        assertThat(found).as("queues in %s", report).isEqualTo(queues);
    }

    private void assertEndsClean(Testpmd frontEnd) throws IOException {
        assertThat(frontEnd.quit()).isZero();
        events.awaitDetached();
        assertThat(events.troubles()).isEmpty();
    }
}
