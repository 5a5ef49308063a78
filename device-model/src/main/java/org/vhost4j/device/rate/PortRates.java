// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

/**
 * The rate limits of a guest or port. Directions are from the point of view of the guest, or of the network behind the
 * port.
 *
 * @param inbound limit for frames that the guest or network receives
 * @param outbound limit for frames that the guest or network sends
 */
public record PortRates(RateLimit inbound, RateLimit outbound) {
    /** No limits. */
    public static final PortRates NONE = new PortRates(RateLimit.NONE, RateLimit.NONE);
}
