// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.function.LongSupplier;

/**
 * The configuration of a network device.
 *
 * @param name the device's name, for messages
 * @param mac the MAC address of the config space, 48 bits, first byte highest
 * @param maxPairs number of queue pairs, 1 to 128
 * @param mtu the MTU of the config space in bytes, 68 to 65535, or 0 for none
 * @param speed speed and duplex mode in the config space
 * @param timeouts maximum times for which senders wait for the guest
 * @param clock clock in nanoseconds, from any origin, monotonic; read by the device's lane
 */
public record NetDeviceConfig(
        String name, long mac, int maxPairs, int mtu, LinkSpeed speed, ReceiveTimeouts timeouts, LongSupplier clock) {
    /** The maximum number of queue pairs. */
    public static final int MAX_PAIRS = 128;

    /** Checks the values. */
    public NetDeviceConfig {
        if (maxPairs < 1 || maxPairs > MAX_PAIRS) {
            throw new IllegalArgumentException("a device has 1 to " + MAX_PAIRS + " queue pairs, not " + maxPairs);
        }
        if (mtu != 0 && (mtu < 68 || mtu > 65535)) {
            throw new IllegalArgumentException("an MTU is 68 to 65535 bytes, not " + mtu);
        }
    }

    /**
     * Creates the configuration of a device that uses the clock of {@link System#nanoTime}.
     *
     * @param name the device's name, for messages
     * @param mac the MAC address of the config space, 48 bits, first byte highest
     * @param maxPairs number of queue pairs, 1 to 128
     * @param mtu the MTU of the config space in bytes, 68 to 65535, or 0 for none
     * @param speed speed and duplex mode in the config space
     * @param timeouts maximum times for which senders wait for the guest
     */
    public NetDeviceConfig(String name, long mac, int maxPairs, int mtu, LinkSpeed speed, ReceiveTimeouts timeouts) {
        this(name, mac, maxPairs, mtu, speed, timeouts, System::nanoTime);
    }
}
