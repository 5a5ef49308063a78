// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.stream.Stream;
import org.vhost4j.conformance.Outcome;
import org.vhost4j.platform.probe.LimitedJson;
import org.vhost4j.sys.BoundedFile;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A comparison of several back-ends, from their JSON reports. Several reports of one back-end are separate runs, whose outcomes are
 * compared.
 */
public final class Matrix {
    /**
     * Maximum size of a report in bytes; one of 500 cases has 250 KiB, and with the details of many failures several
     * times that.
     */
    private static final int MOST_BYTES = 4 << 20;

    private static final long MOST_TOKENS = 100_000;
    private static final JsonMapper MAPPER = LimitedJson.reader(MOST_TOKENS);

    private final List<MatrixColumn> columns;

    private Matrix(List<MatrixColumn> columns) {
        this.columns = columns;
    }

    /**
     * Reads reports.
     *
     * @param files files that {@code --json} wrote; those with the same label are runs of one back-end
     * @return the matrix
     * @throws UnsupportedOption when a file is not such a report
     * @throws IOException when a file cannot be read
     */
    public static Matrix of(List<Path> files) throws IOException {
        List<MatrixRun> runs = new ArrayList<>();
        for (Path file : files) {
            try {
                runs.add(MatrixRun.of(file.toString(), MAPPER.readTree(BoundedFile.readText(file, MOST_BYTES))));
            } catch (JacksonException e) {
                throw new UnsupportedOption(file + " is not JSON: " + LimitedJson.reason(e));
            }
        }
        return new Matrix(MatrixColumn.of(runs));
    }

    /**
     * Returns the matrix as Markdown.
     *
     * @return Markdown: counts, a row for each case, and the failures
     */
    public String markdown() {
        StringBuilder text =
                new StringBuilder("| back-end | tried | runs | passed | failed | varies | not offered | not applicable "
                        + "|\n|---|---|---|---|---|---|---|---|\n");
        for (MatrixColumn column : columns) {
            text.append("| %s | %s | %d | %d | %d | %d | %d | %d |%n"
                    .formatted(
                            column.name(),
                            column.began().substring(0, 10),
                            column.runs().size(),
                            column.count(Outcome.PASS.word()),
                            column.count(Outcome.FAIL.word()),
                            column.count(MatrixColumn.VARIES),
                            column.count(Outcome.NOT_OFFERED.word()),
                            column.count(Outcome.NOT_APPLICABLE.word())));
        }
        cases(text);
        columns.forEach(column -> failures(text, column));
        return text.toString();
    }

    /**
     * Returns the matrix as JSON.
     *
     * @return a JSON object, with a line end: the back-ends with their counts, and each case with its outcome for each
     *     of them
     */
    public String json() {
        ObjectNode root = MAPPER.createObjectNode().put("vhost4j-conformance-matrix", 1);
        ArrayNode backEnds = root.putArray("back-ends");
        for (MatrixColumn column : columns) {
            ObjectNode one = backEnds.addObject()
                    .put("name", column.name())
                    .put("began", column.began())
                    .put("runs", column.runs().size());
            ObjectNode counts = one.putObject("counts");
            Stream.concat(Stream.of(Outcome.values()).map(Outcome::word), Stream.of(MatrixColumn.VARIES))
                    .forEach(word -> counts.put(word, column.count(word)));
        }
        ArrayNode cases = root.putArray("cases");
        groups().forEach((area, names) -> names.forEach(name -> {
            ArrayNode outcomes =
                    cases.addObject().put("name", name).put("area", area).putArray("outcomes");
            columns.forEach(column -> outcomes.add(column.outcome(name)));
        }));
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    /** Returns every case of any run by its group, in the order of the first run that has it. */
    private Map<String, SequencedSet<String>> groups() {
        Map<String, SequencedSet<String>> groups = new LinkedHashMap<>();
        for (MatrixColumn column : columns) {
            for (MatrixRun run : column.runs()) {
                run.cases()
                        .forEach((name, tried) -> groups.computeIfAbsent(tried.area(), group -> new LinkedHashSet<>())
                                .add(name));
            }
        }
        return groups;
    }

    private void cases(StringBuilder text) {
        groups().forEach((group, names) -> {
            text.append("\n### %s%n%n| case |".formatted(group));
            columns.forEach(column -> text.append(" %s |".formatted(column.name())));
            text.append("\n|---|").append("---|".repeat(columns.size())).append('\n');
            for (String name : names) {
                text.append("| `%s` |".formatted(name));
                columns.forEach(column -> text.append(" %s |".formatted(column.cell(name))));
                text.append('\n');
            }
        });
    }

    private void failures(StringBuilder text, MatrixColumn column) {
        List<String> lines = groups().values().stream()
                .flatMap(SequencedSet::stream)
                .map(column::failure)
                .flatMap(Optional::stream)
                .toList();
        if (!lines.isEmpty()) {
            text.append(
                    "\n### Failures: %s%n%nTo run one of these cases again: `vhost4j conformance %s --only CASE`%n%n"
                            .formatted(column.name(), column.reached()));
            lines.forEach(line -> text.append("- ").append(line).append('\n'));
        }
    }
}
