// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.report;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseResult;
import org.vhost4j.conformance.Evidence;
import org.vhost4j.conformance.Outcome;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.conformance.cases.Catalog;

/** Prints a line for each case while the suite runs, evidence after each failure, and counts at the end. */
public final class ConsoleReport {
    private final PrintWriter out;
    private String group = "";

    /**
     * Creates the report; nothing is printed yet.
     *
     * @param out the writer for the output
     */
    public ConsoleReport(PrintWriter out) {
        this.out = out;
    }

    /**
     * Prints the result of a case.
     *
     * @param result the result
     */
    public void progress(CaseResult result) {
        Case tried = result.tried();
        String title = title(tried);
        if (!title.equals(group)) {
            group = title;
            out.printf("%n%s%n", title);
        }
        String reason = result.reason().isEmpty() ? "" : ": " + result.reason();
        String time = result.millis() >= 1000 ? "  (%.1f s)".formatted(result.millis() / 1000.0) : "";
        out.printf("  %-44s %s%s%s%n", tried.name(), result.outcome().text(), reason, time);
        Evidence evidence = result.evidence();
        if (evidence != null) {
            for (String line : evidence.lines()) {
                out.println("      " + line);
            }
        }
        out.flush();
    }

    /** Returns the title of the group that contains a case. */
    public static String title(Case tried) {
        return Catalog.title(tried);
    }

    /**
     * Prints the result of a case in one of many runs, if it is unexpected.
     *
     * @param result the result
     */
    public void exception(CaseResult result) {
        if (result.isWrong()) {
            progress(result);
        }
    }

    /**
     * Prints the counts of one of many runs.
     *
     * @param run the number of the run
     * @param report the report of the run
     */
    public void run(int run, SuiteReport report) {
        out.printf("run %d, seed %d: %s%n", run, report.seed(), counts(report));
        out.flush();
    }

    /**
     * Prints the counts at the end.
     *
     * @param report the report
     */
    public void end(SuiteReport report) {
        out.printf("%n%s: %s%n", report.label(), counts(report));
        out.printf(
                "The back-end %s. %d cases in %.1f s.%n",
                report.loop().text(), report.results().size(), report.millis() / 1000.0);
        out.flush();
    }

    /**
     * Formats the counts of all outcomes.
     *
     * @param report the report
     * @return a text such as {@code 40 passed, 1 failed, 12 not offered, 0 not applicable}
     */
    public static String counts(SuiteReport report) {
        String text = "%d passed, %d failed, %d not offered, %d not applicable"
                .formatted(
                        report.count(Outcome.PASS),
                        report.count(Outcome.FAIL),
                        report.count(Outcome.NOT_OFFERED),
                        report.count(Outcome.NOT_APPLICABLE));
        for (Outcome rare : List.of(Outcome.EXPECTED_FAIL, Outcome.UNEXPECTED_PASS)) {
            long count = report.count(rare);
            text += count == 0 ? "" : ", " + count + " " + rare.counted();
        }
        long notRun = report.count(Outcome.NOT_RUN);
        return notRun == 0 ? text : text + ", " + notRun + " not run: " + whyNotRun(report);
    }

    private static String whyNotRun(SuiteReport report) {
        return report.results().stream()
                .filter(each -> each.outcome() == Outcome.NOT_RUN)
                .map(CaseResult::reason)
                .findFirst()
                .orElse("");
    }

    /**
     * Formats a list of cases.
     *
     * @param cases the cases
     * @return for each case its name, its requirement, the section of the specification, and its prerequisites
     */
    public static String list(List<Case> cases) {
        StringBuilder text = new StringBuilder();
        for (Case each : cases) {
            text.append("%-44s %s%n".formatted(each.name(), each.says()));
            text.append("%-44s   %s%s%n".formatted("", each.section(), needs(each)));
        }
        return text.toString();
    }

    private static String needs(Case each) {
        List<String> names = new ArrayList<>();
        each.features().forEach(feature -> names.add(feature.name()));
        each.protocol().forEach(feature -> names.add("PROTOCOL_F_" + feature.name()));
        if (each.loop()) {
            names.add("a back-end that returns frames");
        }
        return names.isEmpty() ? "" : "; needs " + String.join(", ", names);
    }
}
