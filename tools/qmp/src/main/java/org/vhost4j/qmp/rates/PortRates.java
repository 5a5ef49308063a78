// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.rates;

/**
 * What a port did in a second, on average over an interval.
 *
 * @param framesIn frames from the port to the bridge
 * @param bytesIn their bytes
 * @param framesOut frames from the bridge to the port
 * @param bytesOut their bytes
 * @param dropped frames that were dropped, of both directions
 */
public record PortRates(long framesIn, long bytesIn, long framesOut, long bytesOut, long dropped) {
    /** Nothing happens. */
    public static final PortRates NONE = new PortRates(0, 0, 0, 0, 0);
}
