// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.migration.BackEndMonitor;
import org.vhost4j.guests.migration.BackEndProgram;
import org.vhost4j.guests.migration.MigrationLab;
import org.vhost4j.guests.migration.MigrationRecord;
import org.vhost4j.guests.migration.Variant;

/**
 * Tests the migration of a guest that uses UDP segmentation from a host whose kernel has it to one without, which is
 * this host with the capabilities of Linux 6.1. Platforms exist for this case. It needs a QEMU that passes USO to
 * {@code -netdev vhost-user}, which {@code tools/lab/provision --uso-qemu} builds. {@code tools/uso} does that and then
 * runs this test; it is not in the default suite.
 */
@Timeout(1800)
class UsoMigration {
    private static final Variant VARIANT = Variant.PLAIN.named("USO").between("uso", "uso");
    private static final FeatureSet USO = FeatureSet.of(Feature.HOST_USO, Feature.GUEST_USO4, Feature.GUEST_USO6);
    private static final String PLATFORM = "linux-6.12";
    private static final Pattern REFUSED =
            Pattern.compile("Features 0x([0-9a-f]+) unsupported\\. Allowed features: 0x([0-9a-f]+)");
    private static final Duration LIMIT = Duration.ofMinutes(5);

    /** What Debian's kernels answered in guests: Linux 6.12 has USO for TAPs, 6.1 does not. */
    private static final Path WITNESSES =
            Path.of("..", "..", "platform/definition/src/test/resources/org/vhost4j/platform/witness");

    private static final Path WITH_USO = WITNESSES.resolve("6.12.json").toAbsolutePath();
    private static final Path WITHOUT_USO = WITNESSES.resolve("6.1.json").toAbsolutePath();

    @TempDir
    Path directory;

    @BeforeEach
    void provide() throws IOException {
        Lab.find().provisionUsoQemu();
    }

    private Path monitor(int host) {
        return directory.resolve("host" + host + ".monitor");
    }

    private String[] options(int host, Path capabilities, String... further) {
        List<String> options = new ArrayList<>(List.of(
                "--machine=" + Variant.USO_MACHINE,
                "--host-capabilities=" + capabilities,
                "--qmp=unix:" + monitor(host)));
        options.addAll(List.of(further));
        return options.toArray(String[]::new);
    }

    /**
     * What the thread is about: each host promises what its own kernel has. The device's state is left out, as our back-end would refuse it
     * just before QEMU looks at the features.
     */
    @Test
    void withoutAPlatformTheMoveFails() throws IOException {
        try (MigrationLab lab = MigrationLab.start(
                Lab.find(),
                directory,
                BackEndProgram.ownWithoutState(options(0, WITH_USO)),
                BackEndProgram.ownWithoutState(options(1, WITHOUT_USO)),
                VARIANT)) {
            useUso(lab.guest());
            send(lab, "before the attempt");
            assertThat(counted(0, "passed-udp-l4")).isPositive();

            MigrationLab.Attempt attempt = lab.attempt();
            Matcher line = REFUSED.matcher(attempt.destination());
            assertThat(line.find()).as(attempt.destination()).isTrue();
            System.out.println("the destination says: " + line.group());
            FeatureSet guests = word(line.group(1));
            FeatureSet allowed = word(line.group(2));
            System.out.println("not allowed there: "
                    + FeatureSet.of(Feature.values()).minus(allowed).and(USO));
            assertThat(allowed.and(USO)).isEqualTo(FeatureSet.EMPTY);
            assertThat(guests.minus(allowed).minus(USO)).isEqualTo(FeatureSet.EMPTY);
            // The guest continues where it was, with USO.
            send(lab, "after the attempt");
        }
    }

    @Test
    void withThePlatformTheGuestMovesThereAndBack() throws IOException {
        BackEndProgram there =
                BackEndProgram.own(options(1, WITHOUT_USO, "--platform=" + PLATFORM, "--missing=emulate"));
        MigrationRecord record = new MigrationRecord("vhost4j", VARIANT);
        try (MigrationLab lab = MigrationLab.start(
                Lab.find(),
                directory,
                BackEndProgram.own(options(0, WITH_USO, "--platform=" + PLATFORM)),
                there,
                VARIANT)) {
            assertThat(new BackEndMonitor(monitor(1)).abi()).isEqualTo(new BackEndMonitor(monitor(0)).abi());
            useUso(lab.guest());
            String features = acknowledged(lab.guest());
            send(lab, "before the migration");
            long whole = counted(0, "passed-udp-l4");
            assertThat(whole).as("super-frames that this kernel takes whole").isPositive();
            assertThat(counted(0, "cut-udp-l4")).isZero();

            move(lab, record);
            assertThat(acknowledged(lab.guest())).isEqualTo(features);
            long cutBefore = counted(1, "cut-udp-l4");
            send(lab, "at the host without USO");
            assertThat(counted(1, "cut-udp-l4"))
                    .as("super-frames segmented in software")
                    .isGreaterThan(cutBefore);
            assertThat(counted(1, "passed-udp-l4")).isZero();

            long before = counted(0, "passed-udp-l4");
            move(lab, record);
            assertThat(acknowledged(lab.guest())).isEqualTo(features);
            send(lab, "at the first host again");
            assertThat(counted(0, "passed-udp-l4")).isGreaterThan(before);
            System.out.printf(
                    "super-frames: %d unsegmented at the first host before the migration, %d segmented at the second, %d unsegmented at the first in total%n",
                    whole, counted(1, "cut-udp-l4"), counted(0, "passed-udp-l4"));
            assertThat(lab.guestMessages()).doesNotContain("timed out");
        }
        System.out.print(MigrationRecord.HEAD + record.row());
        assertThat(record.whole()).as(record.row()).isTrue();
    }

    /** Moves the guest while it sends super-frames; what is lost is what was under way or sent in the gap. */
    private void move(MigrationLab lab, MigrationRecord record) throws IOException {
        Process receiver = receive(lab, "while :; do %s recv; done");
        try {
            lab.guest()
                    .must("rm -f /tmp/stop; (while [ ! -e /tmp/stop ]; do udpcheck send " + MigrationLab.PEER
                            + " -n 2000 -g 1400 -s 56000; done) >/tmp/sent 2>&1 &");
            record.add(lab.migrate(false));
            lab.guest().must("touch /tmp/stop");
            String sent = lab.guest()
                    .run(
                            "for i in $(seq 600); do pidof udpcheck >/dev/null || break; sleep 0.1; done; cat /tmp/sent",
                            LIMIT)
                    .orFail();
            long damaged = sum(sent, "damaged");
            System.out.printf(
                    "during the migration: %d datagrams in super-frames, %d lost, %d damaged, %d duplicated%n",
                    sum(sent, "datagrams"), sum(sent, "lost"), damaged, sum(sent, "duplicated"));
            assertThat(damaged).as(sent).isZero();
            assertThat(sum(sent, "duplicated")).as(sent).isZero();
            assertThat(sum(sent, "datagrams")).as(sent).isPositive();
        } finally {
            receiver.destroyForcibly();
        }
    }

    private static void useUso(Guest guest) {
        guest.must("ethtool -K eth0 tx-udp-segmentation on");
        assertThat(guest.must("ethtool -k eth0 | grep tx-udp-segmentation")).contains("on");
    }

    /** The feature bits that the guest's driver has acknowledged, one digit each, lowest first. */
    private static String acknowledged(Guest guest) {
        String features =
                guest.must("cat /sys/bus/virtio/devices/virtio0/features").strip();
        for (Feature each : List.of(Feature.HOST_USO, Feature.GUEST_USO4, Feature.GUEST_USO6)) {
            assertThat(features.charAt(each.bit()))
                    .as("%s in %s", each, features)
                    .isEqualTo('1');
        }
        return features;
    }

    /** Sends datagrams in super-frames while nothing moves: nothing is lost. */
    private void send(MigrationLab lab, String when) throws IOException {
        Process receiver = receive(lab, "exec %s recv");
        try {
            String sent = lab.guest()
                    .run("udpcheck send " + MigrationLab.PEER + " -n 5000 -g 1400 -s 56000", LIMIT)
                    .orFail();
            System.out.printf(
                    "%s: %s%n", when, sent.strip().lines().reduce((a, b) -> b).orElse(""));
            assertThat(sum(sent, "lost") + sum(sent, "damaged") + sum(sent, "duplicated"))
                    .as(sent)
                    .isZero();
        } finally {
            receiver.destroyForcibly();
        }
    }

    /** Makes the peer check what comes; the command has a place for the program. */
    private Process receive(MigrationLab lab, String command) throws IOException {
        Path program = Lab.find().files().resolve("udpcheck");
        return new ProcessBuilder(lab.atPeer(List.of("sh", "-c", command.formatted(program))))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("received").toFile()))
                .start();
    }

    private static long sum(String output, String key) {
        return Pattern.compile("\\b" + key + "=([0-9]+)")
                .matcher(output)
                .results()
                .mapToLong(result -> Long.parseLong(result.group(1)))
                .sum();
    }

    private static FeatureSet word(String hexadecimal) {
        String digits = "0".repeat(32) + hexadecimal;
        String both = digits.substring(digits.length() - 32);
        return new FeatureSet(Long.parseUnsignedLong(both, 16, 32, 16), Long.parseUnsignedLong(both, 0, 16, 16));
    }

    private long counted(int host, String name) throws IOException {
        return requireNonNull(new BackEndMonitor(monitor(host)).offloads().get(name), name);
    }
}
