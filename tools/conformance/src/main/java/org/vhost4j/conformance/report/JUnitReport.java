// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vhost4j.conformance.CaseResult;
import org.vhost4j.conformance.Evidence;
import org.vhost4j.conformance.SuiteReport;

/** The report for CI servers: the XML format of JUnit's Ant task, with a test suite for each group. */
public final class JUnitReport {
    private JUnitReport() {}

    /**
     * Formats a report.
     *
     * @param report the report
     * @return an XML document, to be stored as UTF-8
     */
    public static String text(SuiteReport report) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("back-end", report.label());
        properties.put("suite", report.version());
        properties.put("seed", Long.toString(report.seed()));
        properties.put("planned", Integer.toString(report.planned()));
        properties.put("loop", report.loop().name().toLowerCase(Locale.ROOT));
        properties.put("features", String.join(" ", report.offer().features().names()));
        properties.put("protocol-features", String.join(" ", report.offer().protocolNames()));
        JUnitXml xml = new JUnitXml("conformance", report.began(), properties);
        Map<String, List<JUnitXml.Test>> groups = new LinkedHashMap<>();
        for (CaseResult result : report.results()) {
            groups.computeIfAbsent(ConsoleReport.title(result.tried()), group -> new ArrayList<>())
                    .add(test(result));
        }
        groups.forEach(xml::suite);
        return xml.text();
    }

    private static JUnitXml.Test test(CaseResult result) {
        Evidence evidence = result.evidence();
        String outcome = result.outcome().text();
        String section = result.tried().section();
        String reason = outcome + ": " + result.reason();
        return switch (result.outcome()) {
            case PASS -> test(result, JUnitXml.Status.PASSED, "", "", "");
            case FAIL ->
                evidence == null
                        ? test(result, JUnitXml.Status.FAILURE, section, result.reason(), "")
                        : test(
                                result,
                                JUnitXml.Status.FAILURE,
                                section,
                                evidence.came().lines().findFirst().orElse(""),
                                String.join("\n", evidence.lines()));
            case UNEXPECTED_PASS -> test(result, JUnitXml.Status.FAILURE, outcome, result.reason(), "");
            case NOT_RUN -> test(result, JUnitXml.Status.ERROR, outcome, result.reason(), "");
            case EXPECTED_FAIL, NOT_OFFERED, NOT_APPLICABLE ->
                test(result, JUnitXml.Status.SKIPPED, outcome, reason, "");
        };
    }

    private static JUnitXml.Test test(
            CaseResult result, JUnitXml.Status status, String type, String message, String text) {
        String name = result.tried().name();
        String group = "conformance." + name.split("\\.", 2)[0];
        return new JUnitXml.Test(group, name, result.millis(), status, type, message, text);
    }
}
