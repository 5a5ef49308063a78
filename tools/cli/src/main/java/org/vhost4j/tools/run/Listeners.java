// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.MessageTrace;
import org.vhost4j.vhostuser.server.ServedChange;

/** Several listeners, which are notified in order. */
final class Listeners implements BackendListener {
    private final List<BackendListener> all;

    /**
     * Creates a list with the first listeners.
     *
     * @param first the listeners, each of which must return quickly
     */
    Listeners(List<BackendListener> first) {
        all = new CopyOnWriteArrayList<>(first);
    }

    /** Adds a listener for events from now on. */
    void add(BackendListener more) {
        all.add(more);
    }

    private void each(Consumer<BackendListener> event) {
        all.forEach(event);
    }

    @Override
    public @Nullable MessageTrace trace() {
        return all.stream()
                .map(BackendListener::trace)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    @Override
    public void ready(String guest, Endpoint endpoint) {
        each(listener -> listener.ready(guest, endpoint));
    }

    @Override
    public void attached(String guest) {
        each(listener -> listener.attached(guest));
    }

    @Override
    public void negotiated(String guest, FeatureSet features) {
        each(listener -> listener.negotiated(guest, features));
    }

    @Override
    public void link(String guest, boolean up) {
        each(listener -> listener.link(guest, up));
    }

    @Override
    public void detached(String guest, String reason, String counts) {
        each(listener -> listener.detached(guest, reason, counts));
    }

    @Override
    public void stopped(String guest, String reason) {
        each(listener -> listener.stopped(guest, reason));
    }

    @Override
    public void changed(ServedChange change) {
        each(listener -> listener.changed(change));
    }

    @Override
    public void trouble(String who, String line) {
        each(listener -> listener.trouble(who, line));
    }
}
