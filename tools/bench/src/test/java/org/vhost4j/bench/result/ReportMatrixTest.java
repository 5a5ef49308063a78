// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportMatrixTest {
    @TempDir
    Path directory;

    private Path file(String name, String json) throws IOException {
        return Files.writeString(directory.resolve(name), json);
    }

    @Test
    void everyGoalHasALineAndEveryReportAColumn() throws IOException {
        Report whole = Reports.whole();
        Report empty = new Report(Map.of("processor", "fast | new"), List.of());
        List<String> lines = ReportMatrix.of(
                        List.of(file("a.json", JsonReport.of(whole)), file("b.json", JsonReport.of(empty))))
                .markdown()
                .lines()
                .toList();
        assertThat(lines).contains("| processor | slow & <old> | fast / new |");
        List<String> goals = lines.subList(lines.indexOf("| row | case | figure | goal | 1 | 2 |") + 2, lines.size());
        assertThat(goals).first().asString().contains("| rate | >= 1.00 (aim 1.30) | 1.25 met | - |");
        assertThat(goals).hasSize((int) whole.rows().stream()
                .flatMap(row -> row.cases().stream())
                .mapToLong(each -> each.goals().size())
                .sum());
    }

    @Test
    void programsGetTheSame() throws IOException {
        Report empty = new Report(Map.of("processor", "fast"), List.of());
        JsonNode json = JsonMapper.builder()
                .build()
                .readTree(ReportMatrix.of(List.of(
                                file("a.json", JsonReport.of(Reports.whole())), file("b.json", JsonReport.of(empty))))
                        .json());
        assertThat(json.at("/reports/1/facts/processor").asString()).isEqualTo("fast");
        assertThat(json.at("/goals/0/goal").asString()).isEqualTo(">= 1.00 (aim 1.30)");
        assertThat(json.at("/goals/0/values/0").asString()).isEqualTo("1.25 met");
        assertThat(json.at("/goals/0/values/1").isNull()).isTrue();
    }

    @Test
    void aFileThatIsNoReportIsNamed() throws IOException {
        Path other = file("other.json", "{\"vhost4j-conformance\": 1}");
        assertThatThrownBy(() -> ReportMatrix.of(List.of(other)))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage(other + " is not a report of bench peer --json, version 2");
        Path text = file("text", "no JSON");
        assertThatThrownBy(() -> ReportMatrix.of(List.of(text)))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageStartingWith(text + " is not JSON: ");
        Path none = directory.resolve("none.json");
        assertThatThrownBy(() -> ReportMatrix.of(List.of(none)))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage(none + " cannot be read: No such file or directory");
        assertThatThrownBy(() -> ReportMatrix.of(List.of(directory)))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage(directory + " cannot be read: Is a directory");
    }
}
