// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;

/**
 * Receives the events of a back-end, one call per event. Called by the threads of all lanes, possibly concurrently, and by the thread that
 * starts the back-end; must return quickly.
 */
public interface BackendListener {
    /**
     * Reports that a socket is ready for its front-end.
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
     * Reports the features that a driver has acknowledged, when they are first known and when they have changed.
     *
     * @param guest the guest's name
     * @param features the negotiated features
     */
    void negotiated(String guest, FeatureSet features);

    /**
     * Reports whether frames can move.
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
     * @param counts text with the counts of the guest's device since it was attached
     */
    void detached(String guest, String reason, String counts);

    /**
     * Reports that a device stopped because its driver broke a rule or its memory vanished.
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
     * Returns the receiver of a text for each message of a front-end. Called once for each guest.
     *
     * @return the receiver; null for none, which costs nothing
     */
    default @Nullable MessageTrace trace() {
        return null;
    }
}
