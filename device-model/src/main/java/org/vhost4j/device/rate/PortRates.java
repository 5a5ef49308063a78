// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

/**
 * The limits of a guest or port, as the guest sees the directions.
 *
 * @param inbound of what it receives
 * @param outbound of what it sends
 */
public record PortRates(RateLimit inbound, RateLimit outbound) {
    /** No limits. */
    public static final PortRates NONE = new PortRates(RateLimit.NONE, RateLimit.NONE);
}
