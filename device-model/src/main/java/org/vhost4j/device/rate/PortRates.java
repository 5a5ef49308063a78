// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

/**
 * The rate limits of a guest or port, with directions from the guest's point of view.
 *
 * @param inbound limit for frames that it receives
 * @param outbound limit for frames that it sends
 */
public record PortRates(RateLimit inbound, RateLimit outbound) {
    /** No limits. */
    public static final PortRates NONE = new PortRates(RateLimit.NONE, RateLimit.NONE);
}
