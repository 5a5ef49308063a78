// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * What the config space says of the link's speed (SPEED_DUPLEX, virtio 1.4 section 5.1.4). It is reported, not enforced.
 *
 * @param megabits Mbit/s, 0 to 2147483647, or -1 when it is not known
 * @param duplex half or full
 */
public record LinkSpeed(int megabits, Duplex duplex) {
    /** Nothing is known. */
    public static final LinkSpeed UNKNOWN = new LinkSpeed(-1, Duplex.UNKNOWN);

    /** Which ways frames go at the same time. */
    public enum Duplex {
        /** Half duplex. */
        HALF(0),
        /** Both. */
        FULL(1),
        /** Unknown. */
        UNKNOWN(0xff);

        private final int value;

        Duplex(int value) {
            this.value = value;
        }

        /**
         * The value of the field {@code duplex}.
         *
         * @return 8 bits
         */
        public int value() {
            return value;
        }
    }
}
