// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.top;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Creates the table of {@code vhost4j top}: as many columns as fit, the least important omitted first. */
final class TopTable {
    private static final int GAP = 2;
    private static final String[] PREFIXES = {"", "k", "M", "G", "T", "P"};
    private static final double STEP = 1000;

    /**
     * The columns from left to right. Columns of rank 0 are always shown; those of the highest rank are omitted first.
     */
    private static final List<Column> COLUMNS = List.of(
            new Column("PORT", 0, false, PortLine::name),
            new Column("KIND", 4, false, PortLine::kind),
            new Column("STATE", 1, false, PortLine::state),
            new Column("VLAN", 5, false, PortLine::vlan),
            new Column("IN bit/s", 0, true, line -> number(line.bitsIn())),
            new Column("IN f/s", 2, true, line -> number(line.framesIn())),
            new Column("OUT bit/s", 0, true, line -> number(line.bitsOut())),
            new Column("OUT f/s", 2, true, line -> number(line.framesOut())),
            new Column("DROP/s", 1, true, line -> number(line.dropped())),
            new Column("FEATURES", 6, true, line -> line.features() < 0 ? "-" : Integer.toString(line.features())));

    private record Column(String title, int rank, boolean right, Function<PortLine, String> cell) {
        int width(List<PortLine> lines) {
            return Math.max(
                    right ? Math.max(title.length(), 6) : title.length(),
                    lines.stream()
                            .mapToInt(line -> cell.apply(line).length())
                            .max()
                            .orElse(0));
        }
    }

    private TopTable() {}

    /**
     * Returns the table.
     *
     * @param lines one line for each port
     * @param width maximum width in characters
     * @param height maximum number of lines, including the header
     * @return lines without line ends, none longer than the width; the last one has the number of ports that do not fit
     */
    static List<String> lines(List<PortLine> lines, int width, int height) {
        List<Column> columns = new ArrayList<>(COLUMNS);
        int rank = columns.stream().mapToInt(Column::rank).max().orElse(0);
        while (rank > 0 && width(columns, lines) > width) {
            int leaving = rank;
            columns.removeIf(column -> column.rank() == leaving);
            rank--;
        }
        List<String> text = new ArrayList<>();
        text.add(row(columns, lines, Column::title, width));
        int room = Math.max(0, height - 1);
        int shown = lines.size() <= room ? lines.size() : Math.max(0, room - 1);
        for (PortLine line : lines.subList(0, shown)) {
            text.add(row(columns, lines, column -> column.cell().apply(line), width));
        }
        if (shown < lines.size() && room > 0) {
            text.add(cut("and " + (lines.size() - shown) + " more", width));
        }
        return text;
    }

    private static int width(List<Column> columns, List<PortLine> lines) {
        return columns.stream().mapToInt(column -> column.width(lines)).sum() + GAP * (columns.size() - 1);
    }

    private static String row(List<Column> columns, List<PortLine> lines, Function<Column, String> cell, int width) {
        StringBuilder row = new StringBuilder();
        for (Column column : columns) {
            String text = cell.apply(column);
            String fill = " ".repeat(column.width(lines) - text.length());
            row.append(row.isEmpty() ? "" : " ".repeat(GAP)).append(column.right() ? fill + text : text + fill);
        }
        return cut(row.toString().stripTrailing(), width);
    }

    private static String cut(String text, int width) {
        return text.length() <= width ? text : text.substring(0, Math.max(0, width - 1)) + "…";
    }

    /**
     * Formats a number with three digits and an SI prefix.
     *
     * @param value at least 0
     * @return text such as {@code 0}, {@code 999}, {@code 1.23k} or {@code 45.6G}
     */
    static String number(double value) {
        double scaled = value;
        int prefix = 0;
        while (scaled >= 999.5 && prefix < PREFIXES.length - 1) {
            scaled /= STEP;
            prefix++;
        }
        int digits = prefix == 0 ? 0 : scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + digits + "f%s", scaled, PREFIXES[prefix]);
    }
}
