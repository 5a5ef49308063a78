// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.migration.BackEndProgram;
import org.vhost4j.guests.migration.Interval;
import org.vhost4j.guests.migration.MigrationLab;
import org.vhost4j.guests.migration.Variant;
import org.vhost4j.sys.InSharedMemory;

/**
 * A real guest at a real QEMU whose back-end is killed and started again, under 1,000 checked datagrams a second and 1 MB a second over TCP
 * that pass the TAP and return; before, another process has taken over from the first one. Each time traffic continues without a reset of
 * the guest, nothing comes twice or changes, and the TCP connection lasts.
 *
 * <p>The system property {@code vhost4j.crash.rounds} is the number of kills of each guest, 1 unless given; {@code vhost4j.crash.guest} a
 * pattern for the guests that are tried, all unless given; {@code vhost4j.crash.results} a file that rows of a table are appended to;
 * {@code vhost4j.crash.launcher} the program that is started, instead of the classes of this process. {@code tools/crash} sets them.
 */
@Timeout(3600)
class CrashIT {
    private static final int ROUNDS = Integer.getInteger("vhost4j.crash.rounds", 1);

    @TempDir(factory = InSharedMemory.class)
    Path directory;

    static List<Variant> variants() {
        return Stream.of(
                        Variant.PLAIN.named("split").withEvents(),
                        Variant.PLAIN.named("packed").packedRings().withEvents(),
                        Variant.PLAIN
                                .named("packed, 4 queue pairs spread over 2 lanes")
                                .packedRings()
                                .withQueuePairs(4)
                                .spreadOver(2)
                                .withEvents())
                .filter(variant -> variant.name().matches(System.getProperty("vhost4j.crash.guest", ".*")))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("variants")
    void trafficContinuesAndNothingComesTwice(Variant variant) throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        String launcher = System.getProperty("vhost4j.crash.launcher");
        BackEndProgram program = launcher == null ? BackEndProgram.own() : BackEndProgram.launched(Path.of(launcher));
        long sent = 0;
        long lost = 0;
        long doubled = 0;
        long damaged = 0;
        long worstGap = 0;
        try (MigrationLab guest = MigrationLab.start(lab, directory, program, variant)) {
            // Positions follow a guest to another process, which is the one that is killed.
            List<Interval> unused = guest.takeOver();
            for (int i = 0; i < ROUNDS; i++) {
                Interval event = guest.crash().getLast();
                sent += event.sent();
                lost += event.lost();
                doubled += event.doubled();
                damaged += event.damaged() + event.tcpDamaged() + event.tcpBroken();
                worstGap = Math.max(worstGap, event.gapMicros());
            }
            assertThat(guest.guestMessages()).doesNotContain("timed out").doesNotContain("NETDEV WATCHDOG");
        }
        assertThat(Files.readString(directory.resolve("v4jm0.backend.log")))
                .doesNotContain("a queue starts at the front-end's position");
        String row = "| %s | %d | %d | %d | %d | %d | %.0f |%n"
                .formatted(variant.name(), ROUNDS, sent, lost, doubled, damaged, worstGap / 1e3);
        System.out.print(row);
        String results = System.getProperty("vhost4j.crash.results");
        if (results != null) {
            Files.writeString(Path.of(results), row, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
        assertThat(List.of(doubled, damaged)).as(row).containsOnly(0L);
    }
}
