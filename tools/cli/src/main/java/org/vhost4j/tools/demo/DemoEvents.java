// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.demo;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;

/** Stores the features that guests negotiated, and prints important events at once. Any thread may enter. */
final class DemoEvents implements BackendListener {
    private static final String GUEST = "guest";

    private final AtomicReferenceArray<FeatureSet> features =
            new AtomicReferenceArray<>(new FeatureSet[] {FeatureSet.EMPTY, FeatureSet.EMPTY});

    /** Returns the last features that a guest negotiated. */
    FeatureSet features(int guest) {
        return features.get(guest);
    }

    @Override
    public void ready(String guest, Endpoint endpoint) {}

    @Override
    public void attached(String guest) {
        System.err.println("demo: " + guest + ": front-end attached");
    }

    @Override
    public void negotiated(String guest, FeatureSet negotiated) {
        features.set(Integer.parseInt(guest.substring(GUEST.length())), negotiated);
    }

    @Override
    public void link(String guest, boolean up) {
        System.err.println("demo: " + guest + ": link " + (up ? "up" : "down"));
    }

    @Override
    public void detached(String guest, String reason, String counts) {}

    @Override
    public void stopped(String guest, String reason) {
        System.err.println("demo: " + guest + ": device stopped: " + reason);
    }

    @Override
    public void trouble(String who, String line) {
        System.err.println("demo: " + who + ": " + line);
    }
}
