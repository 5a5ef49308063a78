// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;

/**
 * A quantity that was measured at several points during one turn, such as a rate over time.
 *
 * @param x the title of the x axis, with the unit
 * @param y the title of the y axis, with the unit
 * @param logarithmic whether both axes are logarithmic
 * @param points the points, in ascending order of x
 */
public record Curve(String x, String y, boolean logarithmic, List<Point> points) {
    /** Copies the points. */
    public Curve {
        points = List.copyOf(points);
    }

    /**
     * One point.
     *
     * @param x the x coordinate, in the unit of the curve's x axis
     * @param y the y coordinate, in the unit of the curve's y axis
     */
    public record Point(double x, double y) {}
}
