// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.Membership;

/**
 * Tests two guests that exchange numbered frames while a third one is added, sends, is changed and removed many times.
 */
@Timeout(300)
class ComeAndGoTest {
    private static final int ROUNDS = 50;
    private static final int WARM_UP = 5;

    @TempDir
    Path directory;

    /** The resources of this process, without threads and descriptors of the JVM. */
    private record Holding(List<String> descriptors, long mappings, List<String> threads) {
        static Holding now() {
            try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"));
                    Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
                return new Holding(
                        open.map(Holding::target)
                                .filter(target -> target.contains("socket:")
                                        || target.contains("event")
                                        || target.contains("memfd")
                                        || target.contains(".positions"))
                                .map(target -> target.replaceAll("[0-9]+", "N"))
                                .sorted()
                                .toList(),
                        Files.readAllLines(Path.of("/proc/self/maps")).stream()
                                .filter(line -> line.contains("memfd:") || line.contains(".positions"))
                                .count(),
                        tasks.map(Holding::comm)
                                .filter(name -> name.startsWith("vhost4j"))
                                .sorted()
                                .toList());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private static String target(Path link) {
            try {
                return Files.readSymbolicLink(link).toString();
            } catch (IOException e) {
                return "closed meanwhile";
            }
        }

        private static String comm(Path task) {
            try {
                return Files.readString(task.resolve("comm")).strip();
            } catch (IOException e) {
                return "";
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aThirdGuestCostsTheOthersNothing(int lanes) throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.patient(lanes);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1))) {
            Membership membership = backEnd.backend().membership();
            for (int i = 0; i < WARM_UP; i++) {
                comeAndGo(membership, neighbours, i);
            }
            Holding before = settled(null);
            Report report = neighbours.during(Duration.ofMillis(200), () -> {
                for (int i = 0; i < ROUNDS; i++) {
                    comeAndGo(membership, null, i);
                }
            });
            Neighbours.assertIntact(report, "while a guest came and went");
            assertThat(report.sent()).isGreaterThan(100);
            assertThat(settled(before)).isEqualTo(before);
            assertThat(membership.guests()).extracting(Membership.Guest::name).containsExactly("guest0", "guest1");
            try (Stream<Path> left = Files.list(directory)) {
                assertThat(left).isEmpty();
            }
        }
    }

    /** The threads that close what a front-end passed rest, and nothing is left of the third guest. */
    private static Holding settled(@Nullable Holding expected) {
        Holding[] now = new Holding[1];
        Await.until(() -> "as before: " + expected + ", now " + now[0], Await.PATIENCE, () -> {
            now[0] = Holding.now();
            return now[0].threads().stream()
                            .noneMatch(name -> name.startsWith("vhost4j-third") || name.startsWith("vhost4j-guest"))
                    && (expected == null || now[0].equals(expected));
        });
        return now[0];
    }

    private void comeAndGo(Membership membership, @Nullable Neighbours quiet, int round) throws Exception {
        Path socket = directory.resolve("third.sock");
        Endpoint third = Endpoint.listen(socket, Attach.AUTO).withName("third").withMac(0x5254_0012_34c3L, false);
        assertThat(membership.addGuest(third)).isEqualTo("third");
        try (NetDriver driver = NetDriver.attach(socket, NetSetup.full())) {
            // It floods: the station is that of no guest.
            driver.send(PacketBuilder.udp4()
                    .macs(0xc3, 0xee)
                    .payload(100 + round, round)
                    .complete());
            driver.awaitSent();
            if (round % 3 == 0) {
                membership.changeGuest("third", each -> each.withVlan(PortVlan.access(7)));
            }
            if (round % 2 == 0) {
                Membership.Guest last = membership.removeGuest("third");
                assertThat(last.counters().get(Counter.TX_FRAMES)).isEqualTo(1);
            }
        }
        if (round % 2 != 0) {
            membership.removeGuest("third");
        }
        assertThat(socket).doesNotExist();
        if (quiet != null) {
            Neighbours.assertIntact(quiet.quiet(Duration.ofMillis(1)), "after a guest has gone");
        }
    }
}
