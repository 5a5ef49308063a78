// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

/** Stands in for a port of a bridge that was removed or is not open yet: drops every frame. */
final class VacantPort implements FramePort {
    /** Creates a port that drops every frame. */
    VacantPort() {}

    @Override
    public String name() {
        return "no port";
    }

    /** Returns all offloads, so that no work is done for a frame that is dropped. */
    @Override
    public int accepts() {
        return Offloads.ALL_WITH_TUNNELS;
    }

    @Override
    public int deliver(Frame frame) {
        return REFUSED;
    }

    @Override
    public void flush() {
        // Nothing was delivered.
    }
}
