// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** Draws lines in one coordinate system, one for each contender. */
final class LineChart {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 300;
    private static final int LEFT = 70;
    private static final int RIGHT = 20;
    private static final int TOP = 12;
    private static final int BOTTOM = 44;
    private static final double WIDE = 16;

    private final String title;
    private final String x;
    private final String y;
    private final List<Line> lines = new ArrayList<>();

    /** A contender's points, with the minimum and maximum at each if known. */
    private record Line(String colour, String name, List<Curve.Point> points, List<Spread> spreads) {}

    private LineChart(String title, String x, String y) {
        this.title = title;
        this.x = x;
        this.y = y;
    }

    /** Returns a chart for each series of a row: medians over the number in which its cases differ. */
    static List<String> ofSeries(RowResult row) {
        return row.cases().stream()
                .filter(each -> each.x().isPresent())
                .map(CaseResult::series)
                .distinct()
                .map(series -> series(row, series))
                .toList();
    }

    private static String series(RowResult row, String series) {
        List<CaseResult> cases = row.cases().stream()
                .filter(each -> each.x().isPresent() && each.series().equals(series))
                .toList();
        Figure figure = cases.getFirst().figures().getFirst();
        LineChart chart = new LineChart(row.title() + " by " + series, series, figure.name() + ", " + figure.unit());
        List<String> contenders = row.contenders();
        for (int i = 0; i < contenders.size(); i++) {
            List<Curve.Point> points = new ArrayList<>();
            List<Spread> spreads = new ArrayList<>();
            for (CaseResult each : cases) {
                Spread spread = each.spread(contenders.get(i), figure);
                if (!Double.isNaN(spread.median())) {
                    double unit = figure.unitValue();
                    points.add(new Curve.Point(each.x().getAsDouble(), spread.median() / unit));
                    spreads.add(new Spread(spread.least() / unit, spread.median() / unit, spread.most() / unit));
                }
            }
            chart.add(Svg.colour(contenders, i), contenders.get(i), points, spreads);
        }
        double[] xs = cases.stream().mapToDouble(each -> each.x().getAsDouble()).toArray();
        Spread range = Spread.of(xs);
        boolean wide = range.least() > 0 && range.most() / range.least() > WIDE;
        return chart.draw(wide, false, xs);
    }

    /**
     * Returns a chart for each case with measured curves: for each contender the curve of the first evaluated round.
     */
    static List<String> ofCurves(RowResult row) {
        return row.cases().stream().flatMap(each -> curves(row, each).stream()).toList();
    }

    private static List<String> curves(RowResult row, CaseResult each) {
        List<Curve> kinds = each.measured().stream()
                .flatMap(measured -> first(measured).stream())
                .toList();
        if (kinds.isEmpty()) {
            return List.of();
        }
        Curve kind = kinds.getFirst();
        LineChart chart = new LineChart(row.title() + ", " + each.name(), kind.x(), kind.y());
        List<String> contenders = row.contenders();
        for (Measured measured : each.measured()) {
            first(measured)
                    .forEach(curve -> chart.add(
                            Svg.colour(contenders, contenders.indexOf(measured.contender())),
                            measured.contender(),
                            curve.points(),
                            List.of()));
        }
        return List.of(chart.draw(kind.logarithmic(), kind.logarithmic()));
    }

    private static List<Curve> first(Measured measured) {
        return measured.counted().stream()
                .flatMap(sample -> sample.curve().stream())
                .limit(1)
                .toList();
    }

    private void add(String colour, String name, List<Curve.Point> points, List<Spread> spreads) {
        if (!points.isEmpty()) {
            lines.add(new Line(colour, name, points, spreads));
        }
    }

    private String draw(boolean logarithmicX, boolean logarithmicY, double... marks) {
        Svg svg = new Svg(WIDTH, HEIGHT, title);
        if (lines.isEmpty()) {
            return svg.end();
        }
        double bottom = HEIGHT - BOTTOM;
        List<Curve.Point> all =
                lines.stream().map(Line::points).flatMap(Collection::stream).toList();
        Spread xs = Spread.of(all.stream().mapToDouble(Curve.Point::x).toArray());
        Spread ys = Spread.of(all.stream().mapToDouble(Curve.Point::y).toArray());
        double tops = lines.stream()
                .flatMap(line -> line.spreads().stream())
                .mapToDouble(Spread::most)
                .max()
                .orElse(ys.most());
        Axis across = logarithmicX
                ? new Axis(xs.least(), Math.max(xs.most(), 2 * xs.least()), LEFT, WIDTH - RIGHT, true)
                : Axis.fromZero(xs.most(), LEFT, WIDTH - RIGHT);
        Axis up = logarithmicY && ys.least() > 0
                ? Axis.decades(ys.least(), ys.most(), bottom, TOP)
                : Axis.fromZero(tops, bottom, TOP);
        for (double tick : up.ticks()) {
            svg.line("grid", LEFT, up.at(tick), WIDTH - RIGHT, up.at(tick));
            svg.write("end", LEFT - 6, up.at(tick) + 4, Axis.label(tick));
        }
        List<Double> ticks = marks.length == 0
                ? across.ticks()
                : java.util.Arrays.stream(marks).boxed().distinct().toList();
        for (double tick : ticks) {
            svg.line("grid", across.at(tick), TOP, across.at(tick), bottom);
            svg.write("middle", across.at(tick), bottom + 15, Axis.label(tick));
        }
        svg.write("middle", (LEFT + WIDTH - RIGHT) / 2.0, bottom + 34, x);
        svg.write("start", LEFT + 6, TOP + 10, y);
        lines.forEach(line -> draw(svg, across, up, line));
        return svg.end();
    }

    private static void draw(Svg svg, Axis across, Axis up, Line line) {
        String colour = line.colour();
        double[] path = new double[2 * line.points().size()];
        for (int i = 0; i < line.points().size(); i++) {
            Curve.Point point = line.points().get(i);
            path[2 * i] = across.at(point.x());
            path[2 * i + 1] = up.at(point.y());
        }
        svg.path("path " + colour, path);
        for (int i = 0; i < line.spreads().size(); i++) {
            Spread spread = line.spreads().get(i);
            svg.line("whisker", path[2 * i], up.at(spread.least()), path[2 * i], up.at(spread.most()));
            svg.dot(
                    colour,
                    path[2 * i],
                    path[2 * i + 1],
                    String.format(Locale.ROOT, "%s: %.3f", line.name(), spread.median()));
        }
    }
}
