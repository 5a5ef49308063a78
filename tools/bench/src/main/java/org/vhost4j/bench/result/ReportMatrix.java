// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Compares the JSON reports of several machines or days: the value of each goal in each report. */
public final class ReportMatrix {
    /** Maximum size of a report in bytes; one of all rows has about 5 MB, because it contains every round. */
    private static final int MOST_BYTES = 64 << 20;

    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final String NOTHING = "-";

    /** Identifies a goal in all reports. */
    private record Key(String row, String measured, String figure, String goal) {}

    /**
     * One report.
     *
     * @param facts facts about machine and run
     * @param values formatted values by goal
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
                throw new UnsupportedOption(
                        file + " is not a report of bench peer --json, version " + JsonReport.VERSION);
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
        StringBuilder text = new StringBuilder();
        head(text, "");
        line(text, List.of("file"), Column::file);
        for (String fact : all(Column::facts)) {
            line(text, List.of(fact), column -> column.facts().getOrDefault(fact, NOTHING));
        }
        text.append('\n');
        head(text, "row", "case", "figure", "goal");
        for (Key key : all(Column::values)) {
            line(
                    text,
                    List.of(key.row(), key.measured(), key.figure(), key.goal()),
                    column -> column.values().getOrDefault(key, NOTHING));
        }
        return text.toString();
    }

    /**
     * Returns the matrix as JSON.
     *
     * @return a JSON object, without an end of line: the reports with their facts, and each goal with a value for each
     *     report, which is null where the report does not have it
     */
    public String json() {
        ObjectNode root = MAPPER.createObjectNode().put("vhost4j-bench-matrix", 1);
        ArrayNode reports = root.putArray("reports");
        for (Column column : columns) {
            ObjectNode facts = reports.addObject().put("file", column.file()).putObject("facts");
            column.facts().forEach(facts::put);
        }
        ArrayNode goals = root.putArray("goals");
        for (Key key : all(Column::values)) {
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

    /** Returns the keys of all columns, in the order in which they first appear. */
    private <K> SequencedSet<K> all(Function<Column, Map<K, String>> map) {
        SequencedSet<K> keys = new LinkedHashSet<>();
        columns.forEach(column -> keys.addAll(map.apply(column).keySet()));
        return keys;
    }

    /** Writes the header of a table, with numbered columns for the reports. */
    private void head(StringBuilder text, String... first) {
        Iterator<Integer> numbers = IntStream.rangeClosed(1, columns.size()).iterator();
        line(text, List.of(first), column -> numbers.next().toString());
        text.append('|').append("---|".repeat(first.length + columns.size())).append('\n');
    }

    private void line(StringBuilder text, List<String> first, Function<Column, String> cell) {
        text.append("| ");
        text.append(Stream.concat(first.stream(), columns.stream().map(cell)).collect(Collectors.joining(" | ")));
        text.append(" |\n");
    }
}
