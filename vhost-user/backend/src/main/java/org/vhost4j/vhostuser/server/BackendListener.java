// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;

/**
 * Receives the events of a back-end. The threads of all lanes call the methods, possibly concurrently, and also the thread that starts the
 * back-end. They must return quickly.
 */
public interface BackendListener {
    /**
     * Reports that a socket is ready for a front-end.
     *
     * @param guest the guest's name
     * @param endpoint the endpoint
     */
    void ready(String guest, Endpoint endpoint);

    /**
     * Reports that a front-end has connected and sent its first message.
     *
     * @param guest the guest's name
     */
    void attached(String guest);

    /**
     * Reports the features that a driver has acknowledged: once they are known, and whenever they have changed.
     *
     * @param guest the guest's name
     * @param features the negotiated features
     */
    void negotiated(String guest, FeatureSet features);

    /**
     * Reports whether frames can be forwarded, when this has changed.
     *
     * @param guest the guest's name
     * @param up whether a receive and a transmit queue are running and the link is up
     */
    void link(String guest, boolean up);

    /**
     * Reports that a front-end has disconnected.
     *
     * @param guest the guest's name
     * @param reason the reason, in one line
     * @param counts text with the counters of the guest's device since the front-end was attached
     */
    void detached(String guest, String reason, String counts);

    /**
     * Reports that a device has stopped because its driver violated the specification, or guest memory is lost.
     *
     * @param guest the guest's name
     * @param reason the reason, in one line
     */
    void stopped(String guest, String reason);

    /**
     * Reports that a guest or port was added, changed or removed while the back-end runs. Called by the thread that has
     * made the change.
     *
     * @param change the change
     */
    default void changed(ServedChange change) {}

    /**
     * Reports that an operation was refused or failed; the back-end continues.
     *
     * @param who name of a guest or port
     * @param line the error, in one line
     */
    void trouble(String who, String line);

    /**
     * Returns the receiver of a text for each message between front-ends and the back-end. Called once for each guest.
     *
     * @return the receiver; null if no texts are needed
     */
    default @Nullable MessageTrace trace() {
        return null;
    }
}
