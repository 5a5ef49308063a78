// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * The speed and duplex mode of the link in the config space (SPEED_DUPLEX, virtio 1.4 section 5.1.4). It is reported,
 * not enforced.
 *
 * @param megabits speed in Mbit/s, 0 to 2147483647, or -1 when unknown
 * @param duplex duplex mode
 */
public record LinkSpeed(int megabits, Duplex duplex) {
    /** Unknown speed and duplex mode. */
    public static final LinkSpeed UNKNOWN = new LinkSpeed(-1, Duplex.UNKNOWN);

    /** The duplex mode of a link. */
    public enum Duplex {
        /** Half duplex. */
        HALF(0),
        /** Full duplex. */
        FULL(1),
        /** The duplex mode is unknown. */
        UNKNOWN(0xff);

        private final int value;

        Duplex(int value) {
            this.value = value;
        }

        /**
         * Returns the value of the field {@code duplex}.
         *
         * @return the value, 8 bits
         */
        public int value() {
            return value;
        }
    }
}
