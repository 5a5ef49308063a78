// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedSet;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Compares the JSON reports of several machines or days: the value of each goal in each report. */
public final class ReportMatrix {
    /** A report has every round of every turn; that of all rows has about 5 MB. */
    private static final int MOST_BYTES = 64 << 20;

    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final String NOTHING = "-";

    /** Names a goal in all reports. */
    private record Key(String row, String measured, String figure, String goal) {}

    /**
     * One report.
     *
     * @param facts about machine and run
     * @param values by goal, as they are shown
     */
    private record Column(String file, Map<String, String> facts, Map<Key, String> values) {}

    private final List<Column> columns;

    private ReportMatrix(List<Column> columns) {
        this.columns = columns;
    }

    /**
     * Reads reports.
     *
     * @param files files that {@code bench peer --json} wrote
     * @return the matrix, with a column for each file
     * @throws UnsupportedOption when a file cannot be read or is not such a report
     */
    public static ReportMatrix of(List<Path> files) {
        List<Column> columns = new ArrayList<>();
        for (Path file : files) {
            JsonNode root;
            try {
                root = MAPPER.readTree(read(file));
            } catch (JacksonException e) {
                throw new UnsupportedOption(file + " is not JSON: " + e.getOriginalMessage());
            }
            if (root.path(JsonReport.VERSION_NAME).asInt(0) != JsonReport.VERSION) {
                throw new UnsupportedOption(file + " is no report of bench peer --json, version " + JsonReport.VERSION);
            }
            columns.add(column(file.toString(), root));
        }
        return new ReportMatrix(columns);
    }

    private static byte[] read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new UnsupportedOption(file + " has more than " + MOST_BYTES + " bytes");
            }
            return bytes;
        } catch (IOException e) {
            throw new UnsupportedOption(file + " cannot be read: " + FileTrouble.of(e));
        }
    }

    private static Column column(String file, JsonNode root) {
        Map<String, String> facts = new LinkedHashMap<>();
        root.path("facts").properties().forEach(fact -> facts.put(fact.getKey(), text(fact.getValue())));
        Map<Key, String> values = new LinkedHashMap<>();
        for (JsonNode row : root.path("rows")) {
            for (JsonNode measured : row.path("cases")) {
                for (JsonNode goal : measured.path("goals")) {
                    Key key = new Key(
                            text(row.path("name")),
                            text(measured.path("name")),
                            text(goal.path("figure")),
                            text(goal.path("goal")));
                    values.put(key, value(goal));
                }
            }
        }
        return new Column(file, facts, values);
    }

    private static String text(JsonNode node) {
        return node.asString("").replace('|', '/').replace('\n', ' ');
    }

    private static String value(JsonNode goal) {
        JsonNode value = goal.path("value");
        return value.isNumber()
                ? String.format(Locale.ROOT, "%.3g", value.asDouble()) + " " + text(goal.path("verdict"))
                : NOTHING;
    }

    /**
     * Formats the matrix.
     *
     * @return Markdown: the facts of each run, and a line for each goal; values are ratios or in base units
     */
    public String markdown() {
        StringBuilder text = new StringBuilder("| |");
        for (int i = 1; i <= columns.size(); i++) {
            text.append(' ').append(i).append(" |");
        }
        text.append("\n|---|").append("---|".repeat(columns.size())).append('\n');
        line(text, List.of("file"), columns.stream().map(Column::file).toList());
        SequencedSet<String> facts = new LinkedHashSet<>();
        SequencedSet<Key> keys = new LinkedHashSet<>();
        for (Column column : columns) {
            facts.addAll(column.facts().keySet());
            keys.addAll(column.values().keySet());
        }
        for (String fact : facts) {
            line(
                    text,
                    List.of(fact),
                    columns.stream()
                            .map(column -> column.facts().getOrDefault(fact, NOTHING))
                            .toList());
        }
        text.append("\n| row | case | figure | goal |");
        for (int i = 1; i <= columns.size(); i++) {
            text.append(' ').append(i).append(" |");
        }
        text.append("\n|---|---|---|---|").append("---|".repeat(columns.size())).append('\n');
        for (Key key : keys) {
            line(
                    text,
                    List.of(key.row(), key.measured(), key.figure(), key.goal()),
                    columns.stream()
                            .map(column -> column.values().getOrDefault(key, NOTHING))
                            .toList());
        }
        return text.toString();
    }

    /**
     * The matrix for programs.
     *
     * @return a JSON object, without an end of line: the reports with their facts, and each goal with a value for each report, which is null
     *     where the report does not have it
     */
    public String json() {
        ObjectNode root = MAPPER.createObjectNode().put("vhost4j-bench-matrix", 1);
        ArrayNode reports = root.putArray("reports");
        SequencedSet<Key> keys = new LinkedHashSet<>();
        for (Column column : columns) {
            ObjectNode facts = reports.addObject().put("file", column.file()).putObject("facts");
            column.facts().forEach(facts::put);
            keys.addAll(column.values().keySet());
        }
        ArrayNode goals = root.putArray("goals");
        for (Key key : keys) {
            ArrayNode values = goals.addObject()
                    .put("row", key.row())
                    .put("case", key.measured())
                    .put("figure", key.figure())
                    .put("goal", key.goal())
                    .putArray("values");
            columns.forEach(column -> values.add(column.values().get(key)));
        }
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static void line(StringBuilder text, List<String> first, List<String> cells) {
        text.append('|');
        first.forEach(cell -> text.append(' ').append(cell).append(" |"));
        cells.forEach(cell -> text.append(' ').append(cell).append(" |"));
        text.append('\n');
    }
}
