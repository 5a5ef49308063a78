// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes a report as JSON, with every sample in base units. */
public final class JsonReport {
    /** The member with the version of the format, which distinguishes a report from other JSON. */
    static final String VERSION_NAME = "vhost4j-bench-peer";

    /** The version that is written. */
    static final int VERSION = 2;

    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private JsonReport() {}

    /**
     * Formats a report.
     *
     * @param report the report
     * @return JSON, without a line terminator at the end
     */
    public static String of(Report report) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put(VERSION_NAME, VERSION);
        ObjectNode facts = root.putObject("facts");
        report.facts().forEach(facts::put);
        ArrayNode rows = root.putArray("rows");
        for (RowResult row : report.rows()) {
            ObjectNode node = rows.addObject();
            node.put("name", row.name()).put("title", row.title());
            ArrayNode cases = node.putArray("cases");
            row.cases().forEach(each -> put(cases.addObject(), each));
        }
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static void put(ObjectNode node, CaseResult each) {
        node.put("name", each.name());
        if (each.x().isPresent()) {
            node.put("series", each.series()).put("x", each.x().getAsDouble());
        }
        ArrayNode contenders = node.putArray("contenders");
        for (Measured measured : each.measured()) {
            ObjectNode one = contenders.addObject().put("name", measured.contender());
            for (Figure figure : each.figures()) {
                Spread spread = measured.spread(figure);
                if (!Double.isNaN(spread.median())) {
                    String middle = figure.statistic() == Statistic.MEDIAN_OF_TURNS ? "median" : "value";
                    one.putObject(figure.name())
                            .put("least", spread.least())
                            .put(middle, spread.median())
                            .put("most", spread.most());
                }
            }
            if (measured.rounds().count() != 0) {
                one.put("rounds", measured.rounds().count());
            }
            measured.failure().ifPresent(failure -> one.put("failure", failure));
            measured.check()
                    .ifPresent(check ->
                            one.put("front-end-frames", check.frontEnd()).put("back-end-frames", check.backEnd()));
            ArrayNode samples = one.putArray("samples");
            measured.samples().forEach(sample -> put(samples.addObject(), sample));
        }
        ArrayNode goals = node.putArray("goals");
        for (Goal goal : each.goals()) {
            ObjectNode one = goals.addObject();
            one.put("figure", goal.figure().name()).put("goal", goal.toString());
            double value = goal.value(each);
            if (!Double.isNaN(value)) {
                one.put("value", value);
            }
            one.put("verdict", goal.judge(each).toString());
        }
    }

    private static void put(ObjectNode node, Sample sample) {
        sample.values().forEach((figure, value) -> node.put(figure.name(), value));
        node.put("disturbed", sample.disturbed());
        if (!sample.rounds().isEmpty()) {
            sample.rounds().forEach(node.putArray("rounds")::add);
        }
        sample.curve().ifPresent(curve -> {
            ArrayNode points = node.putArray("curve");
            curve.points().forEach(point -> points.addArray().add(point.x()).add(point.y()));
        });
    }
}
