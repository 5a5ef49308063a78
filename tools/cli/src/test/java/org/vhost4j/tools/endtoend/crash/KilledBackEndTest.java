// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/**
 * Tests a back-end in its own process that is killed repeatedly while one guest sends numbered frames to another as
 * fast as it can. The front-ends reconnect as QEMU does. No frame arrives twice or out of order, each kill loses at
 * most one burst, and the driver gets every chain back.
 *
 * <p>The system property {@code vhost4j.crash.rounds} is the number of kills of each kind, 3 unless given; {@code vhost4j.crash.results} a
 * file that rows of a table are appended to. {@code tools/crash} sets them.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class KilledBackEndTest {
    private static final int ROUNDS = Integer.getInteger("vhost4j.crash.rounds", 3);
    /** What a transmit queue may send before its chains are returned. */
    private static final int BURST = 64;

    private final Random random = new Random(16);

    @TempDir(factory = InSharedMemory.class)
    Path directory;

    private ChildBackEnd start() throws IOException {
        for (String name : List.of("a", "b")) {
            Files.deleteIfExists(directory.resolve(name));
        }
        ChildBackEnd backEnd = ChildBackEnd.start(
                directory,
                "run",
                "--socket-path=a,attach=device",
                "--socket-path=b,attach=device",
                "--set",
                "packed=on",
                "--set",
                "in_order=on");
        backEnd.awaitLine("guest1: waiting for a front-end");
        return backEnd;
    }

    @ParameterizedTest
    @ValueSource(strings = {"split", "packed", "split, in order", "packed, in order"})
    void nothingArrivesTwiceAndAKillLosesAtMostABurst(String kind) throws Exception {
        FeatureSet features = FeatureSet.of(Feature.VERSION_1, Feature.MRG_RXBUF);
        features = kind.contains("packed") ? features.plus(FeatureSet.of(Feature.RING_PACKED)) : features;
        features = kind.contains("in order") ? features.plus(FeatureSet.of(Feature.IN_ORDER)) : features;
        List<Integer> lost = new ArrayList<>();
        int number = 0;
        int next = 0;
        int wrong = 0;
        try (SurvivingGuest a = new SurvivingGuest(features, 0x020000000a01L);
                SurvivingGuest b = new SurvivingGuest(features, 0x020000000a02L)) {
            for (int round = 0; round <= ROUNDS; round++) {
                try (ChildBackEnd backEnd = start()) {
                    b.attach(directory.resolve("b"));
                    a.attach(directory.resolve("a"));
                    int lostNow = 0;
                    // The last one is not killed: everything comes through.
                    boolean last = round == ROUNDS;
                    int until = number + 2000 + random.nextInt(2000);
                    CompletableFuture<Void> kill = null;
                    while (kill == null ? next < Math.max(until, number) : !kill.isDone()) {
                        number += number < until || kill != null ? a.send(number, 1 + random.nextInt(BURST)) : 0;
                        for (int seen = b.receive(); seen >= 0; seen = b.receive()) {
                            if (seen < next) {
                                wrong++;
                            } else {
                                lostNow += seen - next;
                                next = seen + 1;
                            }
                        }
                        if (!last && kill == null && next > until - 1000) {
                            kill = CompletableFuture.runAsync(backEnd::kill);
                        }
                    }
                    lost.add(lostNow);
                    if (last) {
                        assertThat(next).isEqualTo(number);
                        while (a.inFlight() != 0) {
                            Thread.onSpinWait();
                        }
                    }
                    backEnd.kill();
                    assertThat(backEnd.lines()).noneMatch(line -> line.contains("a queue begins where"));
                }
            }
            assertThat(a.emptyBuffers).isZero();
            assertThat(b.emptyBuffers).isLessThanOrEqualTo(ROUNDS * SurvivingGuest.RING);
        }
        int most = lost.stream().mapToInt(each -> each).max().orElse(0);
        int all = lost.stream().mapToInt(each -> each).sum();
        String row = "| %s | %d | %,d | %d | %d | %d |%n".formatted(kind, ROUNDS, number, all, most, wrong);
        System.out.print(row);
        String results = System.getProperty("vhost4j.crash.results");
        if (results != null) {
            Files.writeString(Path.of(results), row, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
        assertThat(wrong).as(row).isZero();
        assertThat(most).as(row).isLessThanOrEqualTo(BURST);
    }
}
