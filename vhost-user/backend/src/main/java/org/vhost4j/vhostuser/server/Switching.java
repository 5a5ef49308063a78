// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;

/** What happens to the frames that guests send. */
public sealed interface Switching {
    /**
     * A learning bridge between all guests and some other ports.
     *
     * @param uplinks the other ports, perhaps none
     * @param coalesce whether plain frames are put together for guests that take super-frames
     * @param security what ports may send
     */
    record Bridged(List<Uplink> uplinks, boolean coalesce, PortSecurity security) implements Switching {
        /** Copies the list. */
        public Bridged {
            uplinks = List.copyOf(uplinks);
        }

        /**
         * A bridge that leaves plain frames as they are.
         *
         * @param uplinks the other ports, perhaps none
         */
        public Bridged(List<Uplink> uplinks) {
            this(uplinks, false);
        }

        /**
         * A bridge with {@link PortSecurity#DEFAULT}.
         *
         * @param uplinks the other ports, perhaps none
         * @param coalesce whether plain frames are put together for guests that take super-frames
         */
        public Bridged(List<Uplink> uplinks, boolean coalesce) {
            this(uplinks, coalesce, PortSecurity.DEFAULT);
        }
    }

    /** Frames are counted and dropped. */
    record Dropped() implements Switching {}

    /** Frames are copied into memory of the back-end's own, counted and dropped. */
    record Copied() implements Switching {}

    /** Every frame goes back to its sender with the MAC addresses swapped. */
    record Echoed() implements Switching {}

    /**
     * Guests receive one and the same broadcast frame as fast as they post buffers; what they send is dropped.
     *
     * @param bytes the frame's size, 14 to 65535
     */
    record Source(int bytes) implements Switching {}
}
