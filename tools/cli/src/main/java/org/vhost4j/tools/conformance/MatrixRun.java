// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.databind.JsonNode;

/**
 * The part of a JSON report that a matrix keeps, which is far smaller than the report.
 *
 * @param backEnd name of the back-end
 * @param reached options of the command line by which it was reached
 * @param began time at which the run began, as in the report
 * @param cases the cases by name, in the report's order
 */
record MatrixRun(String backEnd, String reached, String began, Map<String, Tried> cases) {
    /**
     * A case of a run.
     *
     * @param area group of the case
     * @param section section that the case checks
     * @param outcome outcome in one word
     * @param came first line of the actual result; null unless the case failed
     */
    record Tried(
            String area,
            String section,
            String outcome,
            @Nullable String came) {}

    /**
     * Reads a report.
     *
     * @param file name for error messages
     * @throws UnsupportedOption when it is not such a report
     */
    static MatrixRun of(String file, JsonNode report) {
        if (report.path(JsonReport.FORMAT).asInt(0) != 1) {
            throw new UnsupportedOption(file + " is not a report of this suite");
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
