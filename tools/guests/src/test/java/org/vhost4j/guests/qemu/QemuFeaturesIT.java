// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.qemu.Attachment.Driver;
import org.vhost4j.guests.qemu.Attachment.Offer;
import org.vhost4j.guests.qemu.Attachment.Settings;

/**
 * Compares the published tables with the installed QEMUs: the newest machine of each, and all machines of one. If the
 * test fails after an update of QEMU, run {@code tools/vhost4j qemu-features --markdown docs/qemu-features.md}, and
 * check the summary above the tables.
 */
final class QemuFeaturesIT {
    private static final Path PUBLISHED = Path.of("..", "..", "docs", "qemu-features.md");

    private static QemuSurvey survey(LabQemu qemu) throws IOException {
        return QemuSurvey.ofLab(qemu, Lab.find().files());
    }

    private static QemuRecord newest(LabQemu qemu) throws IOException {
        QemuSurvey survey = survey(qemu);
        return survey.record(survey.machines().subList(0, 1));
    }

    @ParameterizedTest
    @EnumSource(names = {"STOCK", "OF_DEBIAN_13", "NEW"})
    void whatIsPublishedIsSo(LabQemu which) throws IOException {
        String published = Files.readString(PUBLISHED);
        String tables = new FeatureTables(List.of(newest(which))).text("now");
        for (List<String> heading :
                List.of(List.of("bit", "feature"), List.of("bit", "protocol feature"), List.of("request"))) {
            Map<String, Map<String, String>> now = Markdown.table(tables, heading);
            Map<String, Map<String, String>> then = Markdown.table(published, heading);
            assertThat(now).isNotEmpty();
            now.forEach((key, row) -> assertThat(then.getOrDefault(key, Map.of()))
                    .as("%s %s", heading, key)
                    .containsAllEntriesOf(row));
        }
    }

    @Test
    void armIsLikeX86() throws IOException {
        List<Column> x86 = Column.of(List.of(newest(LabQemu.NEW)));
        List<Column> arm = Column.of(List.of(newest(LabQemu.ARM)));
        assertThat(arm).hasSize(2);
        for (int i = 0; i < arm.size(); i++) {
            assertThat(arm.get(i).record().mode()).isEqualTo(x86.get(i).record().mode());
            assertThat(arm.get(i).record().handlings())
                    .isEqualTo(x86.get(i).record().handlings());
            assertThat(arm.get(i).record().protocol())
                    .isEqualTo(x86.get(i).record().protocol());
        }
    }

    /** A passed bit does not come with another; and QEMU leaves the specification's dependencies to the back-end. */
    @ParameterizedTest
    @EnumSource(names = {"STOCK", "OF_DEBIAN_13", "NEW"})
    void aBackEndThatWithholdsABitTakesNoOtherAway(LabQemu which) throws IOException {
        QemuSurvey survey = survey(which);
        String machine = survey.machines().getFirst();
        for (AttachRecord record :
                survey.record(List.of(machine)).newest().modes().values()) {
            List<Attachment> attachments = new ArrayList<>();
            record.handlings().forEach((feature, handling) -> {
                if (handling.origin() == Handling.Origin.PASSED
                        && !Offer.BARE.features().has(feature)) {
                    Settings settings = handling.legacy() ? Settings.DEFAULT : Settings.ON;
                    attachments.add(new Attachment(record.mode(), settings, Offer.without(feature), Driver.LOOKS));
                }
            });
            assertThat(attachments).hasSizeGreaterThan(20);
            for (int from = 0; from < attachments.size(); from += QemuSurvey.MOST_DEVICES) {
                int to = Math.min(attachments.size(), from + QemuSurvey.MOST_DEVICES);
                survey.observe(machine, attachments.subList(from, to), List.of())
                        .forEach((attachment, seen) -> assertThat(seen.offered())
                                .as("%s", attachment)
                                .isEqualTo(withEverything(record, attachment)
                                        .and(attachment.offer().features())));
            }
        }
    }

    private static FeatureSet withEverything(AttachRecord record, Attachment attachment) {
        return record.observation(
                        new Attachment(attachment.mode(), attachment.settings(), Offer.EVERYTHING, Driver.LOOKS))
                .offered();
    }

    @Test
    void machinesDifferAsPublished() throws IOException {
        QemuSurvey survey = survey(LabQemu.NEW);
        QemuRecord qemu = survey.record(survey.machines());
        String tables = new FeatureTables(List.of(qemu)).text("now");
        assertThat(differences(tables, qemu)).isNotEmpty().isEqualTo(differences(Files.readString(PUBLISHED), qemu));
    }

    /** The rows of one QEMU; other tables have no such first cell. */
    private static List<String> differences(String document, QemuRecord qemu) {
        return Column.of(List.of(qemu)).stream()
                .flatMap(column -> document.lines().filter(line -> line.startsWith("| " + column.title() + " |")))
                .toList();
    }
}
