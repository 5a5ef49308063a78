// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.tools.common.Table;

/** Writes a report as one text table: a section for each row of the bench, and a line for each case and figure. */
public final class ConsoleTable {
    private ConsoleTable() {}

    /**
     * Formats a report.
     *
     * @param report the report
     * @return the lines, each with a line terminator
     */
    public static String of(Report report) {
        StringBuilder text = new StringBuilder();
        for (RowResult row : report.rows()) {
            text.append(row.title()).append(" (").append(row.name()).append(")\n");
            text.append(row.about()).append('\n');
            lines(text, row);
            Report.rounds(row).ifPresent(line -> text.append(line).append('\n'));
            if (Report.disturbed(row)) {
                text.append("Other programs used processor time in evaluated rounds, so the values are inexact.\n");
            }
            Report.complaints(row).forEach(line -> text.append(line).append('\n'));
            text.append('\n');
        }
        return text.toString();
    }

    private static void lines(StringBuilder text, RowResult row) {
        List<String> contenders = row.contenders();
        Table table = new Table();
        List<String> head = new ArrayList<>(List.of("CASE", "FIGURE"));
        head.addAll(contenders);
        head.addAll(List.of("RESULT", "GOAL", ""));
        table.row(head);
        for (CaseResult each : row.cases()) {
            for (Figure figure : each.figures()) {
                List<String> line = new ArrayList<>(List.of(each.name(), figure.name() + ", " + figure.unit()));
                for (String contender : contenders) {
                    line.add(cell(each.spread(contender, figure), figure));
                }
                goals(line, each, figure);
                table.row(line);
            }
        }
        text.append(table.text());
    }

    private static void goals(List<String> line, CaseResult each, Figure figure) {
        List<Goal> goals = each.goals().stream()
                .filter(goal -> goal.figure().equals(figure))
                .toList();
        line.add(joined(goals.stream().map(goal -> goal.show(each)).toList()));
        line.add(joined(goals.stream().map(Goal::toString).toList()));
        line.add(joined(goals.stream().map(goal -> goal.judge(each).toString()).toList()));
    }

    private static String joined(List<String> parts) {
        return String.join("; ", parts);
    }

    /** Returns text such as {@code 9.12 (8.97..9.30)}. */
    private static String cell(Spread spread, Figure figure) {
        return Double.isNaN(spread.median())
                ? "-"
                : "%s (%s..%s)"
                        .formatted(
                                figure.show(spread.median()), figure.show(spread.least()), figure.show(spread.most()));
    }
}
