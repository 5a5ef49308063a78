// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.vhost4j.tools.common.HtmlPage.escape;

import java.util.List;
import java.util.stream.Collectors;
import org.vhost4j.tools.common.HtmlPage;

/**
 * Writes a report as one self-contained HTML page: drawings are inline, there is no script, and the colours follow the reader's light or
 * dark scheme.
 */
public final class HtmlReport {
    private static final String TITLE = "vhost4j compared with others";

    private static final String STYLE = """
            :root { --c0: #0072b2; --c1: #56b4e9; --c2: #009e73; --c3: #7a5195; --c4: #d55e00; --c5: #b8860b; --c6: #cc79a7; --c7: #666666; }
            @media (prefers-color-scheme: dark) {
              :root { --c0: #4aa3df; --c1: #9ad5f5; --c2: #3ecf9e; --c3: #b79be0; --c4: #ff8c42; --c5: #e6b422; --c6: #e8a3c9; --c7: #aaaaaa; } }
            p.about { color: var(--soft); max-width: 60rem; }
            div.wide { overflow-x: auto; }
            table { font-size: 13px; font-variant-numeric: tabular-nums; margin: .8rem 0; }
            th, td { padding: .2rem .7rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
            td small { color: var(--soft); }
            .met { color: var(--good); font-weight: 600; } .missed { color: var(--bad); font-weight: 600; }
            .legend span { margin-right: 1.2rem; white-space: nowrap; }
            .legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; }
            svg { max-width: 100%; height: auto; display: block; margin: .5rem 0; font-size: 12px; }
            svg text { fill: var(--ink); } svg .grid { stroke: var(--line); } svg .whisker { stroke: var(--ink); stroke-width: 1.2; }
            svg .bar { opacity: .45; } svg .path { fill: none; stroke-width: 2; }
            """;

    private HtmlReport() {}

    /**
     * Formats a report.
     *
     * @param report the report
     * @return the HTML document
     */
    public static String of(Report report) {
        StringBuilder style = new StringBuilder(STYLE);
        for (int i = 0; i < Svg.COLOURS; i++) {
            style.append(
                    ".c%d { background: var(--c%d); fill: var(--c%d); } .path.c%d { stroke: var(--c%d); fill: none; }\n"
                            .formatted(i, i, i, i, i));
        }
        StringBuilder page = new StringBuilder("<h1>" + TITLE + "</h1>\n");
        facts(page, report);
        goals(page, report);
        report.rows().forEach(row -> row(page, row));
        return HtmlPage.of(TITLE, style.toString(), page.toString());
    }

    private static void facts(StringBuilder page, Report report) {
        page.append("<table>\n");
        report.facts()
                .forEach((name, value) ->
                        page.append("<tr><th>%s</th><td>%s</td></tr>\n".formatted(escape(name), escape(value))));
        page.append("</table>\n");
    }

    private static void goals(StringBuilder page, Report report) {
        if (report.rows().stream()
                .flatMap(row -> row.cases().stream())
                .allMatch(each -> each.goals().isEmpty())) {
            return;
        }
        page.append("""
                <h2>Goals</h2>
                <div class="wide"><table>
                <tr><th>row</th><th>case</th><th>figure</th><th>result</th><th>goal</th><th></th></tr>
                """);
        for (RowResult row : report.rows()) {
            for (CaseResult each : row.cases()) {
                for (Goal goal : each.goals()) {
                    page.append(
                            "<tr><td><a href=\"#%s\">%s</a></td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>%s</tr>\n"
                                    .formatted(
                                            escape(row.name()),
                                            escape(row.name()),
                                            escape(each.name()),
                                            escape(goal.figure().name()),
                                            escape(goal.show(each)),
                                            escape(goal.toString()),
                                            verdict(goal.judge(each))));
                }
            }
        }
        page.append("</table></div>\n");
    }

    private static String verdict(Verdict verdict) {
        String style = switch (verdict) {
            case MET -> " class=\"met\"";
            case NOT_MET -> " class=\"missed\"";
            case NOT_MEASURED -> "";
        };
        return "<td" + style + ">" + verdict + "</td>";
    }

    private static void row(StringBuilder page, RowResult row) {
        page.append("<h2 id=\"%s\">%s</h2>\n<p class=\"about\">%s</p>\n"
                .formatted(escape(row.name()), escape(row.title()), escape(row.about())));
        Report.rounds(row).ifPresent(line -> page.append("<p>%s</p>\n".formatted(escape(line))));
        if (Report.disturbed(row)) {
            page.append("<p>Other programs used processor time in evaluated rounds, so the values are inexact.</p>\n");
        }
        Report.complaints(row)
                .forEach(line ->
                        page.append("<p class=\"missed\">").append(escape(line)).append("</p>\n"));
        legend(page, row);
        List<CaseResult> single =
                row.cases().stream().filter(each -> each.x().isEmpty()).toList();
        if (!single.isEmpty()) {
            BarChart.of(row, single).forEach(page::append);
        }
        LineChart.ofSeries(row).forEach(page::append);
        LineChart.ofCurves(row).forEach(page::append);
        table(page, row);
    }

    private static void legend(StringBuilder page, RowResult row) {
        List<String> contenders = row.contenders();
        page.append("<p class=\"legend\">");
        for (int i = 0; i < contenders.size(); i++) {
            page.append("<span><i class=\"%s\"></i>%s</span>"
                    .formatted(Svg.colour(contenders, i), escape(contenders.get(i))));
        }
        page.append("</p>\n");
    }

    private static void table(StringBuilder page, RowResult row) {
        List<String> contenders = row.contenders();
        page.append("<div class=\"wide\"><table>\n<tr><th>case</th><th>figure</th>");
        contenders.forEach(
                contender -> page.append("<th>").append(escape(contender)).append("</th>"));
        page.append("</tr>\n");
        for (CaseResult each : row.cases()) {
            for (Figure figure : each.figures()) {
                page.append("<tr><td>%s</td><td>%s, %s</td>"
                        .formatted(escape(each.name()), escape(figure.name()), escape(figure.unit())));
                page.append(contenders.stream()
                        .map(contender -> cell(each.spread(contender, figure), figure))
                        .collect(Collectors.joining()));
                page.append("</tr>\n");
            }
        }
        page.append("</table></div>\n");
    }

    private static String cell(Spread spread, Figure figure) {
        return Double.isNaN(spread.median())
                ? "<td>-</td>"
                : "<td>%s <small>%s..%s</small></td>"
                        .formatted(
                                figure.show(spread.median()), figure.show(spread.least()), figure.show(spread.most()));
    }
}
