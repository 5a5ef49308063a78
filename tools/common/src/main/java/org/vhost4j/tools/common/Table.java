// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in columns as wide as their widest entry, with two blanks between them. */
public final class Table {
    private static final int GAP = 2;

    private final List<List<String>> rows = new ArrayList<>();
    private final int firstNumber;

    /** Starts a table of text: every column is aligned to the left. */
    public Table() {
        this(Integer.MAX_VALUE);
    }

    /**
     * Starts a table whose last columns are numbers, aligned to the right.
     *
     * @param firstNumber index of the first of them
     */
    public Table(int firstNumber) {
        this.firstNumber = firstNumber;
    }

    /**
     * Adds a row.
     *
     * @param cells its entries; blanks at the end of a line are left out
     */
    public void row(String... cells) {
        row(List.of(cells));
    }

    /**
     * Adds a row.
     *
     * @param cells its entries
     */
    public void row(List<String> cells) {
        rows.add(List.copyOf(cells));
    }

    /**
     * The rows.
     *
     * @return lines, each with its end
     */
    public String text() {
        List<Integer> widths = new ArrayList<>();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                int width = row.get(i).length();
                if (i == widths.size()) {
                    widths.add(width);
                } else {
                    widths.set(i, Math.max(widths.get(i), width));
                }
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                String cell = row.get(i);
                int blanks = widths.get(i) - cell.length();
                line.repeat(' ', i < firstNumber ? 0 : blanks).append(cell);
                line.repeat(' ', (i < firstNumber ? blanks : 0) + GAP);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
