// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.databind.JsonNode;

/**
 * What a matrix keeps of one JSON report, which is far less than the report.
 *
 * @param backEnd what the back-end is called
 * @param reached the command line's words by which it was reached
 * @param began when, as in the report
 * @param cases by name, in the report's order
 */
record MatrixRun(String backEnd, String reached, String began, Map<String, Tried> cases) {
    /**
     * A case of a run.
     *
     * @param area its group
     * @param section what it checks
     * @param outcome in one word
     * @param came the first line of what came instead of what was demanded; null unless it failed
     */
    record Tried(
            String area,
            String section,
            String outcome,
            @Nullable String came) {}

    /**
     * Reads a report.
     *
     * @param file what error messages call it
     * @throws UnsupportedOption when it is not one
     */
    static MatrixRun of(String file, JsonNode report) {
        if (report.path(JsonReport.FORMAT).asInt(0) != 1) {
            throw new UnsupportedOption(file + " is no report of this suite");
        }
        Map<String, Tried> cases = new LinkedHashMap<>();
        for (JsonNode one : report.path("cases")) {
            JsonNode evidence = one.path("evidence");
            cases.put(
                    text(one, "name"),
                    new Tried(
                            text(one, "area"),
                            text(one, "section"),
                            text(one, "outcome"),
                            evidence.isMissingNode()
                                    ? null
                                    : text(evidence, "came").lines().findFirst().orElse("")));
        }
        String name = report.path("back-end").asString("?");
        return new MatrixRun(name, text(report, "reached"), text(report, "began"), cases);
    }

    private static String text(JsonNode node, String member) {
        return node.path(member).asString("").intern();
    }
}
