// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.Locale;

/**
 * A quantity that is measured. Values are kept in its base unit, such as frames a second, and shown in a larger or smaller one.
 *
 * @param name such as {@code rate}
 * @param unit what it is shown in, such as {@code Mpps}
 * @param unitValue one of that unit in the base unit, such as 1e6
 * @param digits after the point when it is shown
 * @param moreIsBetter whether larger values are better ones
 * @param statistic how one value is computed from the measurements
 */
public record Figure(
        String name, String unit, double unitValue, int digits, boolean moreIsBetter, Statistic statistic) {
    /** Frames a second. */
    public static final Figure RATE = new Figure("rate", "Mpps", 1e6, 3, true);
    /** Super-frames a second, and plain copies of as many bytes. */
    public static final Figure SUPER_RATE = new Figure("rate", "thousand/s", 1e3, 1, true);

    /**
     * A quantity of which each turn has one value.
     *
     * @param name such as {@code rate}
     * @param unit what it is shown in, such as {@code Mpps}
     * @param unitValue one of that unit in the base unit, such as 1e6
     * @param digits after the point when it is shown
     * @param moreIsBetter whether larger values are better ones
     */
    public Figure(String name, String unit, double unitValue, int digits, boolean moreIsBetter) {
        this(name, unit, unitValue, digits, moreIsBetter, Statistic.MEDIAN_OF_TURNS);
    }

    /**
     * A statistic of the time that short rounds take, in seconds.
     *
     * @param name such as {@code best}
     * @param statistic the statistic
     * @return shown in nanoseconds
     */
    public static Figure ofRounds(String name, Statistic statistic) {
        return new Figure(name, "ns", 1e-9, 2, false, statistic);
    }

    /**
     * A time, in seconds.
     *
     * @param name such as {@code median}
     * @return shown in microseconds
     */
    public static Figure micros(String name) {
        return new Figure(name, "us", 1e-6, 1, false);
    }

    /**
     * A value in the shown unit.
     *
     * @param value in the base unit
     * @return without the unit's name
     */
    public String show(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + digits + "f", value / unitValue);
    }

    /**
     * The better of two values.
     *
     * @param a in any unit
     * @param b in the same
     * @return one of them
     */
    double better(double a, double b) {
        return moreIsBetter ? Math.max(a, b) : Math.min(a, b);
    }
}
