// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in columns as wide as their widest entry. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    /**
     * Adds a row.
     *
     * @param cells its entries; the last is not padded
     */
    public void row(String... cells) {
        rows.add(List.of(cells));
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
                line.append(row.get(i)).repeat(' ', widths.get(i) - row.get(i).length() + 2);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
