// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.util.Locale;
import org.vhost4j.conformance.CaseResult;
import org.vhost4j.conformance.Evidence;
import org.vhost4j.conformance.Outcome;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.conformance.report.ConsoleReport;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** All results of a run, as JSON, which {@link Matrix} reads. */
public final class JsonReport {
    /** The member with the version of this format. */
    static final String FORMAT = "vhost4j-conformance";

    private static final JsonMapper MAPPER = new JsonMapper();

    private JsonReport() {}

    /**
     * Writes a report.
     *
     * @param report results of the run
     * @return a JSON object, with a line end
     */
    public static String text(SuiteReport report) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put(FORMAT, 1)
                .put("back-end", report.label())
                .put("reached", report.reached())
                .put("suite", report.version())
                .put("began", report.began().toString())
                .put("seed", report.seed())
                .put("planned", report.planned())
                .put("loop", report.loop().name().toLowerCase(Locale.ROOT));
        ArrayNode features = root.putArray("features");
        report.offer().features().names().forEach(features::add);
        ArrayNode protocol = root.putArray("protocol-features");
        report.offer().protocolNames().forEach(protocol::add);
        ObjectNode counts = root.putObject("counts");
        for (Outcome outcome : Outcome.values()) {
            counts.put(outcome.word(), report.count(outcome));
        }
        ArrayNode cases = root.putArray("cases");
        for (CaseResult result : report.results()) {
            ObjectNode one = cases.addObject();
            one.put("name", result.tried().name())
                    .put("area", ConsoleReport.title(result.tried()))
                    .put("says", result.tried().says())
                    .put("section", result.tried().section())
                    .put("outcome", result.outcome().word())
                    .put("milliseconds", result.millis());
            if (!result.reason().isEmpty()) {
                one.put("reason", result.reason());
            }
            Evidence evidence = result.evidence();
            if (evidence != null) {
                ObjectNode why = one.putObject("evidence");
                ArrayNode sent = why.putArray("sent");
                evidence.sent().forEach(sent::add);
                why.put("came", evidence.came()).put("rule", evidence.rule());
            }
        }
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }
}
