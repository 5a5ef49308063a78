// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.Locale;

/**
 * A measured quantity. Values are stored in its base unit, such as frames per second, and shown in a larger or smaller unit.
 *
 * @param name the name, such as {@code rate}
 * @param unit the name of the shown unit, such as {@code Mpps}
 * @param unitValue the size of the shown unit in base units, such as 1e6
 * @param digits the number of digits after the decimal point when a value is shown
 * @param moreIsBetter whether larger values are better
 * @param statistic how one value is computed from the measurements
 */
public record Figure(
        String name, String unit, double unitValue, int digits, boolean moreIsBetter, Statistic statistic) {
    /** The frame rate, in frames per second. */
    public static final Figure RATE = new Figure("rate", "Mpps", 1e6, 3, true);
    /** The rate of super-frames, or of plain copies of as many bytes, in units per second. */
    public static final Figure SUPER_RATE = new Figure("rate", "thousand/s", 1e3, 1, true);

    /**
     * Creates a quantity of which each turn measures one value.
     *
     * @param name the name, such as {@code rate}
     * @param unit the name of the shown unit, such as {@code Mpps}
     * @param unitValue the size of the shown unit in base units, such as 1e6
     * @param digits the number of digits after the decimal point when a value is shown
     * @param moreIsBetter whether larger values are better
     */
    public Figure(String name, String unit, double unitValue, int digits, boolean moreIsBetter) {
        this(name, unit, unitValue, digits, moreIsBetter, Statistic.MEDIAN_OF_TURNS);
    }

    /**
     * Creates a figure for a statistic of the durations of short rounds. The base unit is the second.
     *
     * @param name the name, such as {@code best}
     * @param statistic the statistic
     * @return a figure that is shown in nanoseconds
     */
    public static Figure ofRounds(String name, Statistic statistic) {
        return new Figure(name, "ns", 1e-9, 2, false, statistic);
    }

    /**
     * Creates a figure for a duration. The base unit is the second.
     *
     * @param name the name, such as {@code median}
     * @return a figure that is shown in microseconds
     */
    public static Figure micros(String name) {
        return new Figure(name, "us", 1e-6, 1, false);
    }

    /**
     * Formats a value in the shown unit.
     *
     * @param value the value, in the base unit
     * @return the number, without the name of the unit
     */
    public String show(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + digits + "f", value / unitValue);
    }

    /**
     * Returns the better of two values.
     *
     * @param a a value in any unit
     * @param b another value in the same unit
     * @return one of them
     */
    double better(double a, double b) {
        return moreIsBetter ? Math.max(a, b) : Math.min(a, b);
    }
}
