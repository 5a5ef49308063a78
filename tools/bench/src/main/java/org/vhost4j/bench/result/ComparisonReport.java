// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vhost4j.tools.common.Table;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The results of {@code bench compare}.
 *
 * @param facts facts about the run that readers need, such as the processor, by name and in order
 * @param cases the comparisons, in order
 */
public record ComparisonReport(Map<String, String> facts, List<Comparison> cases) {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final double NANO = 1e-9;

    /** Copies the collections. */
    public ComparisonReport {
        facts = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(facts));
        cases = List.copyOf(cases);
    }

    /**
     * Returns whether the newer build is slower in any case.
     *
     * @return true when at least one case is slower by more than the limit
     */
    public boolean slower() {
        return cases.stream().anyMatch(each -> each.verdict() == Comparison.Verdict.SLOWER);
    }

    /**
     * Returns the report as text.
     *
     * @return the lines, each with a line terminator
     */
    public String text() {
        StringBuilder text = new StringBuilder();
        facts.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append('\n'));
        text.append(
                "Nanoseconds of the back-end's core for a frame; the difference is that of the starts' lower quartiles.\n\n");
        Table table = new Table();
        table.row(
                "CASE",
                "OLD best",
                "quartile",
                "NEW best",
                "quartile",
                "DIFFERENCE",
                Comparison.CONFIDENCE + " % INTERVAL",
                "");
        for (Comparison each : cases) {
            Comparison.Interval difference = each.difference();
            Rounds older = Comparison.all(each.older());
            Rounds newer = Comparison.all(each.newer());
            table.row(
                    each.name(),
                    nanos(older.best()),
                    nanos(older.lowerQuartile()),
                    nanos(newer.best()),
                    nanos(newer.lowerQuartile()),
                    percent(difference.mean()),
                    percent(difference.least()) + " to " + percent(difference.most()),
                    each.verdict().toString());
        }
        return text.append(table.text()).toString();
    }

    private static String nanos(double seconds) {
        return String.format(Locale.ROOT, "%.2f", seconds / NANO);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%+.1f %%", 100 * share);
    }

    /**
     * Returns the report as JSON: the time of every round, in seconds for each frame.
     *
     * @return JSON, without a line terminator at the end
     */
    public String json() {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("vhost4j-bench-compare", 1);
        ObjectNode about = root.putObject("facts");
        facts.forEach(about::put);
        ArrayNode list = root.putArray("cases");
        for (Comparison each : cases) {
            Comparison.Interval difference = each.difference();
            ObjectNode node = list.addObject().put("name", each.name());
            put(node.putObject("old"), each.older());
            put(node.putObject("new"), each.newer());
            node.put("difference", difference.mean());
            node.putArray("interval").add(difference.least()).add(difference.most());
            node.put("limit", each.limit()).put("verdict", each.verdict().toString());
        }
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static void put(ObjectNode node, List<Rounds> starts) {
        Rounds all = Comparison.all(starts);
        node.put("best", all.best())
                .put("lower-quartile", all.lowerQuartile())
                .put("median", all.median())
                .put("rounds", all.count());
        ArrayNode list = node.putArray("starts");
        for (Rounds start : starts) {
            ArrayNode times = list.addArray();
            start.times().forEach(times::add);
        }
    }
}
