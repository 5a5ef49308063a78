// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;

/**
 * Something that a turn has measured point by point, such as a rate over time.
 *
 * @param x what {@link Point#x} is, with its unit
 * @param y what {@link Point#y} is, with its unit
 * @param logarithmic whether both axes are
 * @param points in the order of x
 */
public record Curve(String x, String y, boolean logarithmic, List<Point> points) {
    /** Copies the points. */
    public Curve {
        points = List.copyOf(points);
    }

    /**
     * One point.
     *
     * @param x as the curve says
     * @param y as the curve says
     */
    public record Point(double x, double y) {}
}
