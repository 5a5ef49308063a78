// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.device.feature.Feature;

/** Tables in Markdown, and the generated section of a document. */
public final class Markdown {
    private static final String BEGIN = "<!-- begin: tools/vhost4j qemu-features -->";
    private static final String END = "<!-- end: tools/vhost4j qemu-features -->";

    private Markdown() {}

    /** Appends a row. */
    static void row(StringBuilder text, List<String> cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    /** Appends the line below a table's heading. */
    static void rule(StringBuilder text, int cells) {
        text.append("|---".repeat(cells)).append("|\n");
    }

    /** Returns the names of features for a sentence. */
    static String names(List<Feature> features) {
        return String.join(", ", features.stream().map(Feature::name).toList());
    }

    /**
     * Reads the first table whose heading begins with given cells.
     *
     * @param document the text
     * @param headings the first cells of the heading
     * @return for each first cell of a row, the row's cells by the heading of their column; empty when there is no such
     *     table
     */
    static Map<String, Map<String, String>> table(String document, List<String> headings) {
        Map<String, Map<String, String>> rows = new LinkedHashMap<>();
        List<String> heading = List.of();
        for (String line : document.lines().toList()) {
            List<String> cells = cells(line);
            if (heading.isEmpty()) {
                if (cells.size() >= headings.size()
                        && cells.subList(0, headings.size()).equals(headings)) {
                    heading = cells;
                }
            } else if (cells.size() != heading.size()) {
                return rows;
            } else if (!cells.getFirst().startsWith("---")) {
                Map<String, String> row = new LinkedHashMap<>();
                for (int i = 0; i < cells.size(); i++) {
                    row.put(heading.get(i), cells.get(i));
                }
                rows.put(cells.getFirst(), row);
            }
        }
        return rows;
    }

    private static List<String> cells(String line) {
        if (!line.startsWith("|") || !line.endsWith("|") || line.length() < 2) {
            return List.of();
        }
        List<String> cells = new ArrayList<>();
        for (String cell : line.substring(1, line.length() - 1).split("\\|", -1)) {
            cells.add(cell.strip());
        }
        return cells;
    }

    /**
     * Replaces the generated section of a document.
     *
     * @param document the document; empty for one that consists of the generated section only
     * @param part the lines of the section, each with a line terminator
     * @return the document with the new section, or nothing when the document has no place for one
     */
    public static Optional<String> replace(String document, String part) {
        String whole = BEGIN + "\n\n" + part + "\n" + END + "\n";
        if (document.isBlank()) {
            return Optional.of(whole);
        }
        int begin = document.indexOf(BEGIN);
        int end = document.indexOf(END + "\n", begin + 1);
        return begin < 0 || end < 0
                ? Optional.empty()
                : Optional.of(document.substring(0, begin) + whole + document.substring(end + END.length() + 1));
    }

    /** Returns the line that marks the beginning of the generated section. */
    public static String begin() {
        return BEGIN;
    }
}
