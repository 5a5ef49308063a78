// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.ArrayList;
import java.util.List;

/**
 * Draws medians as bars with a line from the minimum to the maximum, in one group for each case. When the values differ
 * by orders of magnitude the axis is logarithmic and there are dots instead of bars.
 */
final class BarChart {
    private static final int WIDTH = 860;
    private static final int LABELS = 300;
    private static final int VALUES = 70;
    private static final int BAR = 15;
    private static final int GROUP_GAP = 12;
    private static final int FOOT = 34;
    private static final double WIDE = 40;

    private final List<String> contenders;
    private final List<Group> groups = new ArrayList<>();

    /** One group of bars. */
    private record Group(String label, Figure figure, List<Bar> bars) {}

    private record Bar(int contender, Spread spread) {}

    /** Creates a chart of all figures of a row's cases that are shown in one unit. */
    private BarChart(List<String> contenders, List<CaseResult> cases, String unit) {
        this.contenders = contenders;
        for (CaseResult each : cases) {
            for (Figure figure : each.figures()) {
                if (figure.unit().equals(unit)) {
                    add(each, figure);
                }
            }
        }
    }

    /** Returns a chart for each unit of a row's figures. */
    static List<String> of(RowResult row, List<CaseResult> cases) {
        List<String> contenders = row.contenders();
        return cases.stream()
                .flatMap(each -> each.figures().stream())
                .map(Figure::unit)
                .distinct()
                .map(unit -> new BarChart(contenders, cases, unit).draw(row.title() + ", " + unit, unit))
                .toList();
    }

    private void add(CaseResult each, Figure figure) {
        List<Bar> bars = new ArrayList<>();
        for (int i = 0; i < contenders.size(); i++) {
            Spread spread = each.spread(contenders.get(i), figure);
            if (!Double.isNaN(spread.median())) {
                bars.add(new Bar(i, spread));
            }
        }
        if (!bars.isEmpty()) {
            String label = each.figures().size() > 1 ? each.name() + ": " + figure.name() : each.name();
            groups.add(new Group(label, figure, bars));
        }
    }

    private String draw(String title, String unit) {
        int bars = groups.stream().mapToInt(group -> group.bars().size()).sum();
        int bottom = bars * BAR + groups.size() * GROUP_GAP;
        Svg svg = new Svg(WIDTH, bottom + FOOT, title);
        Axis axis = axis();
        for (double tick : axis.ticks()) {
            svg.line("grid", axis.at(tick), 0, axis.at(tick), bottom);
            svg.write("middle", axis.at(tick), bottom + 14, Axis.label(tick));
        }
        svg.write("middle", (axis.start() + axis.end()) / 2, bottom + 29, unit);
        double y = GROUP_GAP / 2.0;
        for (Group group : groups) {
            svg.write("end", LABELS - 8, y + group.bars().size() * BAR / 2.0 + 4, group.label());
            for (Bar bar : group.bars()) {
                draw(svg, axis, group.figure(), bar, y);
                y += BAR;
            }
            y += GROUP_GAP;
        }
        return svg.end();
    }

    private Axis axis() {
        double least = Double.MAX_VALUE;
        double most = 0;
        for (Group group : groups) {
            for (Bar bar : group.bars()) {
                double unit = group.figure().unitValue();
                least = Math.min(least, bar.spread().least() / unit);
                most = Math.max(most, bar.spread().most() / unit);
            }
        }
        return least > 0 && most / least > WIDE
                ? Axis.decades(least, most, LABELS, WIDTH - VALUES)
                : Axis.fromZero(most, LABELS, WIDTH - VALUES);
    }

    private void draw(Svg svg, Axis axis, Figure figure, Bar bar, double y) {
        String colour = Svg.colour(contenders, bar.contender());
        double unit = figure.unitValue();
        double median = axis.at(bar.spread().median() / unit);
        double most = axis.at(bar.spread().most() / unit);
        double middle = y + BAR / 2.0;
        String words = "%s: %s %s"
                .formatted(
                        contenders.get(bar.contender()),
                        figure.show(bar.spread().median()),
                        figure.unit());
        if (!axis.logarithmic()) {
            svg.bar("bar " + colour, axis.start(), y + 2, median - axis.start(), BAR - 4);
        }
        svg.line("whisker", axis.at(bar.spread().least() / unit), middle, most, middle);
        svg.dot(colour, median, middle, words);
        svg.write(
                "start",
                Math.max(median, most) + 7,
                middle + 4,
                figure.show(bar.spread().median()));
    }
}
