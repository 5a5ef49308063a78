// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.tools.lab.Lab;

/**
 * The published tables against the QEMUs that are here: the newest machine of each, and all machines of one. When this fails because
 * a QEMU is another one now, {@code tools/vhost4j qemu-features --markdown docs/qemu-features.md} writes what holds, and the summary
 * above the tables wants to be read again.
 */
final class QemuFeaturesIT {
    private static final Path PUBLISHED = Path.of("..", "docs", "qemu-features.md");

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
