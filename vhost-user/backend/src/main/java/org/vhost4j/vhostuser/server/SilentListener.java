// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.vhost4j.device.feature.FeatureSet;

/** Ignores all events of a back-end; a subclass overrides the methods for the events that it needs. Any thread may call it. */
public class SilentListener implements BackendListener {
    /** Creates a listener that ignores everything. */
    public SilentListener() {}

    @Override
    public void ready(String guest, Endpoint endpoint) {}

    @Override
    public void attached(String guest) {}

    @Override
    public void negotiated(String guest, FeatureSet features) {}

    @Override
    public void link(String guest, boolean up) {}

    @Override
    public void detached(String guest, String reason, String counts) {}

    @Override
    public void stopped(String guest, String reason) {}

    @Override
    public void trouble(String who, String line) {}
}
