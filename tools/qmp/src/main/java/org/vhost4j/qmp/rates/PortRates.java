// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.rates;

/**
 * The rates of a port: numbers per second, averaged over an interval.
 *
 * @param framesIn frames per second from the port to the bridge
 * @param bytesIn bytes per second from the port to the bridge
 * @param framesOut frames per second from the bridge to the port
 * @param bytesOut bytes per second from the bridge to the port
 * @param dropped dropped frames per second, in both directions
 */
public record PortRates(long framesIn, long bytesIn, long framesOut, long bytesOut, long dropped) {
    /** The rates of a port without traffic. */
    public static final PortRates NONE = new PortRates(0, 0, 0, 0, 0);
}
