// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;

/** The destination of the frames that guests send. */
public sealed interface Switching {
    /**
     * A learning bridge between all guests and the uplinks.
     *
     * @param uplinks the ports that are not guests, possibly none
     * @param coalesce whether plain frames are merged for guests that accept super-frames
     * @param security security settings of the ports
     */
    record Bridged(List<Uplink> uplinks, boolean coalesce, PortSecurity security) implements Switching {
        /** Copies the list. */
        public Bridged {
            uplinks = List.copyOf(uplinks);
        }

        /**
         * Creates a bridge that does not merge plain frames.
         *
         * @param uplinks the ports that are not guests, possibly none
         */
        public Bridged(List<Uplink> uplinks) {
            this(uplinks, false);
        }

        /**
         * Creates a bridge with {@link PortSecurity#DEFAULT}.
         *
         * @param uplinks the ports that are not guests, possibly none
         * @param coalesce whether plain frames are merged for guests that accept super-frames
         */
        public Bridged(List<Uplink> uplinks, boolean coalesce) {
            this(uplinks, coalesce, PortSecurity.DEFAULT);
        }
    }

    /** Frames are counted and dropped. */
    record Dropped() implements Switching {}

    /** Frames are copied into a buffer of the back-end, counted and dropped. */
    record Copied() implements Switching {}

    /** Every frame is returned to its sender with the MAC addresses swapped. */
    record Echoed() implements Switching {}

    /**
     * Guests receive the same broadcast frame repeatedly, as fast as they make buffers available; frames that they send are dropped.
     *
     * @param bytes the frame's size, 14 to 65535
     */
    record Source(int bytes) implements Switching {}
}
