// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.vhost4j.tools.common.HtmlPage.escape;

import java.util.List;
import java.util.Locale;

/**
 * An SVG drawing in an HTML page. Colours are those of the page's style sheet; the contenders' classes are {@code c0}
 * and so on.
 */
final class Svg {
    /** Number of style classes with a colour, half of them for this back-end; with more contenders they repeat. */
    static final int COLOURS = 8;

    private static final String OURS = "vhost4j";

    private final StringBuilder text = new StringBuilder();

    /**
     * Begins a drawing.
     *
     * @param title title for screen readers
     */
    Svg(int width, int height, String title) {
        text.append(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\"><title>%s</title>%n",
                width,
                height,
                width,
                height,
                escape(title)));
    }

    /**
     * Returns the style class of a contender's colour; this project's contenders have similar colours, and so have the
     * others.
     */
    static String colour(List<String> contenders, int contender) {
        boolean ours = contenders.get(contender).startsWith(OURS);
        long before = contenders.subList(0, contender).stream()
                .filter(name -> name.startsWith(OURS) == ours)
                .count();
        return "c" + (before % (COLOURS / 2) + (ours ? 0 : COLOURS / 2));
    }

    void line(String style, double x1, double y1, double x2, double y2) {
        text.append(String.format(
                Locale.ROOT,
                "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
                style,
                x1,
                y1,
                x2,
                y2));
    }

    void bar(String style, double x, double y, double width, double height) {
        text.append(String.format(
                Locale.ROOT,
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>%n",
                style,
                x,
                y,
                width,
                height));
    }

    /** Draws a dot with a tooltip. */
    void dot(String style, double x, double y, String says) {
        text.append(String.format(
                Locale.ROOT,
                "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"><title>%s</title></circle>%n",
                style,
                x,
                y,
                escape(says)));
    }

    /**
     * Writes text.
     *
     * @param anchor {@code start}, {@code middle} or {@code end}
     */
    void write(String anchor, double x, double y, String words) {
        text.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
                x,
                y,
                anchor,
                escape(words)));
    }

    /** Draws a line through points, given as alternating x and y coordinates. */
    void path(String style, double... points) {
        StringBuilder list = new StringBuilder();
        for (int i = 0; i < points.length; i += 2) {
            list.append(String.format(Locale.ROOT, "%.1f,%.1f ", points[i], points[i + 1]));
        }
        text.append(String.format(
                Locale.ROOT,
                "<polyline class=\"%s\" points=\"%s\"/>%n",
                style,
                list.toString().strip()));
    }

    String end() {
        return text + "</svg>\n";
    }
}
