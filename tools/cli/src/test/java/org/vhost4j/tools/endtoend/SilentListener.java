// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;

/** Passes over what a back-end says; a test overrides what it asks about. */
public class SilentListener implements BackendListener {
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
