// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.lane.Lane;

/** A port of the bridge that is no guest, as it is described before the back-end runs. */
@FunctionalInterface
public interface Uplink {
    /**
     * Opens the port. Called by the lane's thread.
     *
     * @param lane polls the port from then on, until the port is closed
     * @param sink where the port's frames go
     * @return the open port
     */
    Opened open(Lane lane, FrameSink sink);

    /** An open uplink. Called by the lane's thread. */
    interface Opened extends AutoCloseable {
        /**
         * The port that the bridge delivers to.
         *
         * @return always the same
         */
        FramePort port();

        /**
         * Stops the port for good, because a frame of another lane could not be handed to it.
         *
         * @param reason one line
         */
        void fault(String reason);

        /**
         * What the guests take has changed: the port may deliver that much without software's help.
         *
         * @param offloads a mask of {@link org.vhost4j.device.frame.Offloads}: what at least one guest takes
         */
        void guestsAccept(int offloads);

        /** Closes the port. */
        @Override
        void close();
    }
}
