// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An axis of a drawing, linear or logarithmic.
 *
 * @param from value at the start
 * @param to value at the end
 * @param start coordinate of the start
 * @param end coordinate of the end
 * @param logarithmic whether the axis is logarithmic; both values must then be positive
 */
record Axis(double from, double to, double start, double end, boolean logarithmic) {
    private static final double[] STEPS = {1, 2, 5, 10};
    private static final int MOST_TICKS = 6;

    /** Returns a linear axis from 0 to a value. */
    static Axis fromZero(double most, double start, double end) {
        return new Axis(0, most > 0 ? most * 1.05 : 1, start, end, false);
    }

    /** Returns a logarithmic axis that contains the values, from one power of ten to another. */
    static Axis decades(double least, double most, double start, double end) {
        double low = Math.pow(10, Math.floor(Math.log10(least)));
        double high = Math.pow(10, Math.ceil(Math.log10(most)));
        return new Axis(low, high > low ? high : 10 * low, start, end, true);
    }

    /** Returns the coordinate of a value. */
    double at(double value) {
        double part = logarithmic
                ? Math.log(Math.max(value, from) / from) / Math.log(to / from)
                : (value - from) / (to - from);
        return start + part * (end - start);
    }

    /** Returns round values to mark. */
    List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        if (logarithmic) {
            for (double tick = Math.pow(10, Math.ceil(Math.log10(from) - 1e-9)); tick <= to * 1.0001; tick *= 10) {
                ticks.add(tick);
            }
            return ticks;
        }
        double step = step();
        for (int i = 0; i * step <= to; i++) {
            if (i * step >= from) {
                ticks.add(i * step);
            }
        }
        return ticks;
    }

    private double step() {
        double magnitude = Math.pow(10, Math.floor(Math.log10((to - from) / MOST_TICKS)));
        for (double step : STEPS) {
            if (step * magnitude * MOST_TICKS >= to - from) {
                return step * magnitude;
            }
        }
        return STEPS[STEPS.length - 1] * magnitude;
    }

    /** Returns a marked value as text. */
    static String label(double tick) {
        if (tick == Math.rint(tick) && Math.abs(tick) < 1e9) {
            return String.format(Locale.ROOT, "%.0f", tick);
        }
        return String.format(Locale.ROOT, "%.6f", tick).replaceAll("0+$", "");
    }
}
