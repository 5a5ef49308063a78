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
     * A socket is ready for its front-end.
     *
     * @param guest the guest's name
     * @param endpoint the endpoint
     */
    void ready(String guest, Endpoint endpoint);

    /**
     * A front-end has connected, and its first message is here.
     *
     * @param guest the guest's name
     */
    void attached(String guest);

    /**
     * The features that a driver has acknowledged are known, or have changed.
     *
     * @param guest the guest's name
     * @param features what was negotiated
     */
    void negotiated(String guest, FeatureSet features);

    /**
     * Frames move, or do so no more.
     *
     * @param guest the guest's name
     * @param up whether a receive and a transmit queue are running and the link is up
     */
    void link(String guest, boolean up);

    /**
     * A front-end that was attached is gone.
     *
     * @param guest the guest's name
     * @param reason why, in one line
     * @param counts what the guest's device counted since it was attached, in words
     */
    void detached(String guest, String reason, String counts);

    /**
     * A device stopped because its driver broke a rule or its memory vanished.
     *
     * @param guest the guest's name
     * @param reason why, in one line
     */
    void stopped(String guest, String reason);

    /**
     * Guests or ports have come, changed or gone while the back-end runs. Called by the thread that has changed them.
     *
     * @param change what has happened
     */
    default void changed(ServedChange change) {}

    /**
     * Something was refused or failed; the back-end continues.
     *
     * @param who a guest's or a port's name
     * @param line what, in one line
     */
    void trouble(String who, String line);

    /**
     * What takes each message of a front-end in words. Asked once for each guest.
     *
     * @return null for nothing, which costs nothing
     */
    default @Nullable MessageTrace trace() {
        return null;
    }
}
