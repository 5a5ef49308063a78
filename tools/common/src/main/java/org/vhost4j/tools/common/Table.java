// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A text table. Columns are separated by two spaces. Each is as wide as its widest cell, or narrower where lines would exceed the maximum
 * width.
 */
public final class Table {
    private static final int GAP = 2;

    private final List<List<String>> rows = new ArrayList<>();
    private final int firstNumber;

    /** Creates a table of text in which every column is aligned to the left. */
    public Table() {
        this(Integer.MAX_VALUE);
    }

    /**
     * Creates a table whose last columns are numbers, aligned to the right.
     *
     * @param firstNumber the index, from 0, of the first column of numbers
     */
    public Table(int firstNumber) {
        this.firstNumber = firstNumber;
    }

    /**
     * Adds a row.
     *
     * @param cells the cells of the row; trailing spaces are omitted
     */
    public void row(String... cells) {
        row(List.of(cells));
    }

    /**
     * Adds a row.
     *
     * @param cells the cells of the row
     */
    public void row(List<String> cells) {
        rows.add(List.copyOf(cells));
    }

    /**
     * Formats the table with each row on one line.
     *
     * @return the lines, each with a line terminator
     */
    public String text() {
        return text(Integer.MAX_VALUE);
    }

    /**
     * Formats the table for a line width. The widest columns are narrowed until all lines fit; a cell that is too long
     * for its column continues on the following lines, wrapped at spaces; words are not split.
     *
     * @param columns the maximum line width in characters, exceeded only when words are too long
     * @return the lines, each with a line terminator
     */
    public String text(int columns) {
        int[] widths = widths(columns);
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            List<List<String>> cells = new ArrayList<>();
            int height = 1;
            for (int i = 0; i < row.size(); i++) {
                List<String> lines = broken(row.get(i), widths[i]);
                cells.add(lines);
                height = Math.max(height, lines.size());
            }
            for (int line = 0; line < height; line++) {
                text.append(line(cells, line, widths)).append('\n');
            }
        }
        return text.toString();
    }

    private String line(List<List<String>> cells, int index, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            List<String> lines = cells.get(i);
            String cell = index < lines.size() ? lines.get(index) : "";
            int blanks = widths[i] - cell.length();
            line.repeat(' ', i < firstNumber ? 0 : blanks).append(cell);
            line.repeat(' ', (i < firstNumber ? blanks : 0) + GAP);
        }
        return line.toString().stripTrailing();
    }

    /** Returns the width of each column, such that a line fits if the words allow it. */
    private int[] widths(int columns) {
        int count = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[count];
        int[] least = new int[count];
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
                least[i] = Math.max(least[i], longestWord(row.get(i)));
            }
        }
        long excess = IntStream.of(widths).sum() + (long) GAP * Math.max(0, count - 1) - columns;
        while (excess > 0) {
            int widest = -1;
            for (int i = 0; i < Math.min(count, firstNumber); i++) {
                if (widths[i] > least[i] && (widest < 0 || widths[i] > widths[widest])) {
                    widest = i;
                }
            }
            if (widest < 0) {
                return widths;
            }
            widths[widest]--;
            excess--;
        }
        return widths;
    }

    /**
     * Returns the length of the longest part that is not split: a word, or the first word with the cell's indentation.
     */
    private static int longestWord(String cell) {
        int indent = cell.length() - cell.stripLeading().length();
        return Stream.of(cell.strip().split(" +", -1))
                .mapToInt(word -> indent + word.length())
                .max()
                .orElse(0);
    }

    private static List<String> broken(String cell, int width) {
        if (cell.length() <= width) {
            return List.of(cell);
        }
        String indent = " ".repeat(cell.length() - cell.stripLeading().length());
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : cell.strip().split(" +", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? indent : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
