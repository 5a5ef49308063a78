// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.migration.BackEndProgram;
import org.vhost4j.guests.migration.Interval;
import org.vhost4j.guests.migration.MigrationLab;
import org.vhost4j.guests.migration.Variant;

/**
 * A real guest at a real QEMU whose back-end is taken over by another process, repeatedly, under 1,000 checked datagrams a second
 * and 1 MB a second over TCP that pass the TAP and return. None may come twice or change, and the connection lasts. A guest that
 * posts no receive buffers for 50 ms loses frames at any time: no more may be lost than its device has counted for that.
 *
 * <p>The system property {@code vhost4j.takeover.guest.rounds} is the number of hand-overs of each guest, 1 unless given; {@code
 * vhost4j.takeover.results} a file that rows of a table are appended to; {@code vhost4j.takeover.launcher} the program that is started,
 * instead of the classes of this process. {@code tools/takeover} sets them.
 */
@Timeout(3600)
class TakeOverIT {
    /** A gap that a hand-over on a host with free cores does not reach. */
    private static final long SLOW_MILLIS = 100;

    private static final int ROUNDS = Integer.getInteger("vhost4j.takeover.guest.rounds", 1);

    private static final Pattern WITHOUT_BUFFERS =
            Pattern.compile("front-end detached.*?(\\d+) frames dropped because the guest had posted no buffers");

    @TempDir
    Path directory;

    static List<Variant> variants() {
        return List.of(
                Variant.PLAIN.named("QEMU, split"),
                Variant.PLAIN
                        .named("QEMU, packed, 4 queue pairs spread over 2 lanes")
                        .packedRings()
                        .withQueuePairs(4)
                        .spreadOver(2));
    }

    @ParameterizedTest
    @MethodSource("variants")
    void aGuestNoticesNothing(Variant variant) throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        String launcher = System.getProperty("vhost4j.takeover.launcher");
        BackEndProgram program = launcher == null ? BackEndProgram.own() : BackEndProgram.launched(Path.of(launcher));
        long lost = 0;
        long doubled = 0;
        long damaged = 0;
        long quietGap = 0;
        long worstGap = 0;
        long worstDifference = 0;
        try (MigrationLab guest = MigrationLab.start(lab, directory, program, variant)) {
            for (int i = 0; i < ROUNDS; i++) {
                List<Interval> seen = guest.takeOver();
                Interval quiet = seen.get(0);
                Interval event = seen.get(1);
                lost += event.lost();
                doubled += event.doubled();
                damaged += event.damaged() + event.tcpDamaged() + event.tcpBroken();
                quietGap = Math.max(quietGap, quiet.gapMicros());
                worstGap = Math.max(worstGap, event.gapMicros());
                worstDifference = Math.max(worstDifference, event.gapMicros() - quiet.gapMicros());
            }
            assertThat(guest.guestMessages()).doesNotContain("timed out").doesNotContain("NETDEV WATCHDOG");
        }
        long withoutBuffers = withoutBuffers();
        String row = "| %s | %d | %d | %d | %d | %d | %.1f | %.1f | %.1f |%n"
                .formatted(
                        variant.name(),
                        ROUNDS,
                        lost,
                        withoutBuffers,
                        doubled,
                        damaged,
                        quietGap / 1e3,
                        worstGap / 1e3,
                        worstDifference / 1e3);
        System.out.print(row);
        String results = System.getProperty("vhost4j.takeover.results");
        if (results != null) {
            Files.writeString(Path.of(results), row, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
        assertThat(List.of(doubled, damaged)).as(row).containsOnly(0L);
        assertThat(lost).as(row).isLessThanOrEqualTo(withoutBuffers + overrun(worstGap));
    }

    /** What queues outside the back-ends may drop, at a frame a millisecond, when other work kept these processes from the processor. */
    private static long overrun(long gapMicros) {
        long millis = gapMicros / 1000;
        return millis <= SLOW_MILLIS ? 0 : ROUNDS * millis;
    }

    /** Of the line that says that the front-end is gone: what its device has counted from the first back-end on. */
    private long withoutBuffers() throws IOException {
        Matcher counted = WITHOUT_BUFFERS.matcher(Files.readString(directory.resolve("v4jm0.backend.log")));
        return counted.find() ? Long.parseLong(counted.group(1)) : 0;
    }
}
