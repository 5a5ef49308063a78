// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.report;

import static org.vhost4j.tools.common.HtmlPage.escape;

import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.vhost4j.conformance.CaseResult;
import org.vhost4j.conformance.Evidence;
import org.vhost4j.conformance.Outcome;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.tools.common.HtmlPage;

/** The report as one self-contained HTML page: the failures first, then every case. */
public final class HtmlReport {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("d MMMM uuuu, HH:mm 'UTC'", Locale.ENGLISH);

    private final StringBuilder page = new StringBuilder();
    private final SuiteReport report;

    private HtmlReport(SuiteReport report) {
        this.report = report;
    }

    /**
     * Formats a report.
     *
     * @param report the report
     * @return an HTML document, to be stored as UTF-8
     */
    public static String text(SuiteReport report) {
        HtmlReport html = new HtmlReport(report);
        html.write();
        return HtmlPage.of(
                report.label() + ": vhost-user-net conformance",
                HtmlPage.resource(HtmlReport.class, "report.css"),
                html.page.toString());
    }

    private void write() {
        head();
        failures();
        groups();
        put("<footer>vhost4j " + escape(report.version()) + ": <code>vhost4j conformance</code></footer>\n");
    }

    private void put(String text) {
        page.append(text);
    }

    private void head() {
        put("<header><p class=\"kind\">vhost-user-net conformance</p><h1>" + escape(report.label()) + "</h1>\n");
        put("<p class=\"when\">" + DATE.format(report.began().atOffset(ZoneOffset.UTC)) + " · "
                + report.results().size() + " cases in " + seconds(report.millis()) + " s · it "
                + escape(report.loop().text()) + "</p>\n<div class=\"counts\">");
        for (Outcome outcome : Outcome.values()) {
            long count = report.count(outcome);
            if (count > 0 || outcome == Outcome.PASS || outcome == Outcome.FAIL) {
                put("<div class=\"" + outcome.word() + "\"><b>" + count + "</b>"
                        + outcome.text().toLowerCase(Locale.ROOT) + "</div>");
            }
        }
        put("</div>\n<div class=\"bar\">");
        for (Outcome outcome : Outcome.values()) {
            long count = report.count(outcome);
            if (count > 0) {
                put("<i class=\"" + outcome.word() + "\" style=\"flex:" + count + "\"></i>");
            }
        }
        put("</div>\n<details><summary>Offered features</summary><p>"
                + escape(String.join(", ", report.offer().features().names())) + "</p><p>"
                + escape(String.join(", ", report.offer().protocolNames())) + "</p><p>Reached by <code>"
                + escape(report.reached()) + "</code></p></details></header>\n");
    }

    private static String seconds(long millis) {
        return String.format(Locale.ROOT, "%.1f", millis / 1000.0);
    }

    private void failures() {
        List<CaseResult> failed = report.results().stream()
                .filter(result -> result.evidence() != null)
                .toList();
        if (failed.isEmpty()) {
            return;
        }
        put("<section><h2>Failures</h2>\n");
        for (CaseResult result : failed) {
            put("<article id=\"" + escape(result.tried().name()) + "\"><h3>"
                    + escape(result.tried().name()) + "</h3><p>"
                    + escape(result.tried().says()) + ". <span class=\"section\">"
                    + escape(result.tried().section()) + "</span></p>\n");
            Evidence evidence = Objects.requireNonNull(result.evidence());
            // The requirement above is the rule, unless the evidence has another one.
            boolean known = evidence.rule()
                    .equals(result.tried().section() + ": " + result.tried().says());
            put("<dl><dt>sent</dt><dd>" + escape(String.join("\n", evidence.sent())) + "</dd><dt>came</dt><dd>"
                    + escape(evidence.came())
                    + (known ? "" : "</dd><dt>rule</dt><dd>" + escape(evidence.rule()))
                    + "</dd></dl></article>\n");
        }
        put("</section>\n");
    }

    private void groups() {
        Map<String, List<CaseResult>> groups = new LinkedHashMap<>();
        for (CaseResult result : report.results()) {
            groups.computeIfAbsent(ConsoleReport.title(result.tried()), group -> new ArrayList<>())
                    .add(result);
        }
        groups.forEach((group, results) -> {
            put("<section><h2>" + escape(group) + "</h2>\n<table>");
            for (CaseResult result : results) {
                row(result);
            }
            put("</table></section>\n");
        });
    }

    private void row(CaseResult result) {
        String word = result.outcome().word();
        String name = escape(result.tried().name());
        put("<tr><td><span class=\"pill " + word + "\">"
                + result.outcome().text().toLowerCase(Locale.ROOT) + "</span></td><td><code>"
                + (result.evidence() == null ? name : "<a href=\"#" + name + "\">" + name + "</a>") + "</code></td><td>"
                + escape(result.tried().says()) + "<br><span class=\"section\">"
                + escape(result.tried().section()) + "</span>"
                + (result.reason().isEmpty() ? "" : "<br><span class=\"reason\">" + escape(result.reason()) + "</span>")
                + "</td></tr>\n");
    }
}
