// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;

/**
 * An uplink with settings that replace its own.
 *
 * @param port the uplink
 * @param vlan VLANs of the uplink
 * @param security security settings of the uplink that replace the global ones
 * @param rates rate limits of the uplink's frames
 */
record SetUplink(Uplink port, PortVlan vlan, OwnSecurity security, PortRates rates) implements Uplink {
    @Override
    public String name() {
        return port.name();
    }

    @Override
    public Uplink withVlan(PortVlan vlans) {
        return new SetUplink(port, vlans, security, rates);
    }

    @Override
    public Uplink withSecurity(OwnSecurity own) {
        return new SetUplink(port, vlan, own, rates);
    }

    @Override
    public Uplink withRates(PortRates limits) {
        return new SetUplink(port, vlan, security, limits);
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        return port.open(lane, sink);
    }

    @Override
    public boolean onEveryLane() {
        return port.onEveryLane();
    }

    @Override
    public Opened openPart(Lane lane, FrameSink sink) {
        return port.openPart(lane, sink);
    }

    @Override
    public Movable takeOverPart(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        return port.takeOverPart(lane, sink, state);
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        return port.takeOver(lane, sink, state);
    }
}
