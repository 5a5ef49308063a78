// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;

/**
 * An uplink that was given VLANs.
 *
 * @param port the uplink
 * @param vlan which VLANs it carries
 */
record VlanUplink(Uplink port, PortVlan vlan) implements Uplink {
    @Override
    public String name() {
        return port.name();
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        return port.open(lane, sink);
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        return port.takeOver(lane, sink, state);
    }
}
