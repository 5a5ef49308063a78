// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.migration.BackEndProgram;
import org.vhost4j.guests.migration.Interval;
import org.vhost4j.guests.migration.MigrationEvents;
import org.vhost4j.guests.migration.MigrationLab;
import org.vhost4j.guests.migration.MigrationRecord;
import org.vhost4j.guests.migration.Variant;
import org.vhost4j.sys.InSharedMemory;

/**
 * Real guests move from one back-end to another and back, under a stream of frames that are checked. What must never happen does not:
 * a frame that comes twice or changed, a page that the source's back-end wrote and did not mark. How long it takes is for the table.
 *
 * <p>The system property {@code vhost4j.migration.rounds} is the number of migrations of each guest, 1 unless given;
 * {@code vhost4j.migration.results} a file that rows of a table are appended to; {@code vhost4j.migration.launcher} the program
 * that is started, instead of the classes of this process. {@code tools/migration} sets them, and then every kind of guest moves, and
 * on DPDK's back-end, too.
 */
@Timeout(7200)
class MigrationIT {
    private static final int ROUNDS = Integer.getInteger("vhost4j.migration.rounds", 1);
    private static final boolean ALL = ROUNDS > 1;

    /** Everything that can hide a missing log, or shows it, is different from {@link Variant#PLAIN}. */
    private static final Variant OTHER = Variant.PLAIN
            .named(
                    "packed, 4 queue pairs spread over 2 lanes, not mergeable, no announcement, no return path, 11.1 and 10.0")
            .packedRings()
            .withQueuePairs(4)
            .spreadOver(2)
            .withoutMergeableBuffers()
            .withoutGuestAnnounce()
            .withoutReturnPath()
            .between("11", "suite");

    private static final List<Variant> VARIANTS = List.of(
            Variant.PLAIN,
            Variant.PLAIN.named("4 queue pairs").withQueuePairs(4),
            Variant.PLAIN.named("2 lanes").onLanes(2),
            Variant.PLAIN
                    .named("4 queue pairs spread over 2 lanes")
                    .withQueuePairs(4)
                    .spreadOver(2),
            Variant.PLAIN.named("packed").packedRings(),
            Variant.PLAIN.named("not mergeable").withoutMergeableBuffers(),
            Variant.PLAIN.named("guest_announce=off").withoutGuestAnnounce(),
            Variant.PLAIN.named("return-path off").withoutReturnPath(),
            Variant.PLAIN.named("11.1 and 10.0").between("11", "suite"),
            OTHER);

    /** Two queue pairs to change, a second lane for a second socket, and a comparison of memory that finds a missing mark. */
    private static final Variant EVENTFUL = Variant.PLAIN
            .named("events")
            .withQueuePairs(2)
            .onLanes(2)
            .withoutMergeableBuffers()
            .withEvents();

    @TempDir
    Path directory;

    static List<Variant> ours() {
        return ALL ? VARIANTS : List.of(Variant.PLAIN, OTHER);
    }

    /** DPDK has no lanes. */
    static List<Variant> dpdks() {
        return ALL ? VARIANTS.stream().filter(variant -> variant.lanes() == 1).toList() : List.of(Variant.PLAIN);
    }

    @ParameterizedTest
    @MethodSource("ours")
    void onThisBackEnd(Variant variant) throws IOException {
        move(ownProgram(), variant);
    }

    @ParameterizedTest
    @MethodSource("dpdks")
    void onDpdk(Variant variant) throws IOException {
        move(BackEndProgram.dpdk(), variant);
    }

    static List<Variant> eventful() {
        return ALL ? List.of(EVENTFUL, EVENTFUL.named("events, packed").packedRings()) : List.of(EVENTFUL);
    }

    /**
     * Cards change, the guest has no address, and back-ends die, all of it while the guest moves. Sockets are on a tmpfs, where back-ends
     * keep the positions of packed rings.
     */
    @ParameterizedTest
    @MethodSource("eventful")
    void whileMuchHappens(Variant variant, @TempDir(factory = InSharedMemory.class) Path onTmpfs) throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        MigrationRecord record = new MigrationRecord("events", variant);
        try (MigrationLab moving = MigrationLab.start(lab, onTmpfs, ownProgram(), variant)) {
            MigrationEvents events = new MigrationEvents(moving);
            for (int i = 0; i < Math.max(1, ROUNDS / 4); i++) {
                record.add(events.changeCards());
                record.add(events.moveWithoutAddress());
                record.add(events.killDestination());
                record.add(events.killSource());
                record.add(events.killSourceForGood());
            }
            MigrationRecord transfers = new MigrationRecord("vhost4j", variant.named("cpr-transfer"));
            for (int i = 0; i < ROUNDS; i++) {
                transfers.add(moving.transfer());
            }
            assertThat(moving.guestMessages()).doesNotContain("timed out");
            assertThat(record.whole()).as(record.row()).isTrue();
            assertThat(transfers.whole()).as(transfers.row()).isTrue();
            report(transfers.row());
        }
    }

    private static BackEndProgram ownProgram() {
        String launcher = System.getProperty("vhost4j.migration.launcher");
        return launcher == null ? BackEndProgram.own() : BackEndProgram.launched(Path.of(launcher));
    }

    private void move(BackEndProgram program, Variant variant) throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        MigrationRecord record = new MigrationRecord(program.name(), variant);
        try (MigrationLab moving = MigrationLab.start(lab, directory, program, variant)) {
            for (int i = 0; i < ROUNDS; i++) {
                record.add(moving.migrate(false));
            }
            // Both ways, so that each host is the source once.
            for (int i = 0; i < Math.max(2, ROUNDS / 4); i++) {
                record.add(moving.migrate(true));
            }
            record.add(moving.cancelAndRetry());
            report(record.row());
            if (program instanceof BackEndProgram.Own) {
                Interval refused = moving.refuse();
                record.add(refused);
                assertThat(refused.lost())
                        .as("the source carries traffic again: %s", refused)
                        .isLessThan(refused.sent());
            } else {
                reportRefusal(moving, program, variant);
            }
            assertThat(moving.guestMessages()).doesNotContain("timed out");
            assertThat(record.whole()).as(record.row()).isTrue();
            if (program instanceof BackEndProgram.Own && variant.equals(OTHER)) {
                assertThat(moving.migrateWithoutLog(directory))
                        .as("the comparison finds pages that were not marked")
                        .isNotEmpty();
            }
        }
    }

    /** Another back-end need not carry traffic after a refused migration; whether it does is said. */
    private static void reportRefusal(MigrationLab moving, BackEndProgram program, Variant variant) {
        String found;
        try {
            Interval refused = moving.refuse();
            found = refused.lost() < refused.sent() ? "carries traffic again" : "carries no traffic";
        } catch (IOException e) {
            found = "carries no traffic: "
                    + String.valueOf(e.getMessage()).strip().lines().findFirst().orElse("");
        }
        System.out.printf("%s, %s: the source of a refused migration %s%n", program.name(), variant.name(), found);
    }

    private static void report(String row) throws IOException {
        System.out.print(row);
        String file = System.getProperty("vhost4j.migration.results");
        if (file != null) {
            Path path = Path.of(file);
            if (!Files.exists(path)) {
                Files.writeString(path, MigrationRecord.HEAD);
            }
            Files.writeString(path, row, StandardOpenOption.APPEND);
        }
    }
}
