// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/** A port for tests that can be handed over and refuses every frame; subclasses override the methods under test. */
public abstract class IdlePort implements CountedPort, Uplink.Movable {
    private final String name;
    private final PortCounters counters = new PortCounters();

    /** A port that has counted nothing. */
    protected IdlePort(String name) {
        this.name = name;
    }

    @Override
    public final CountedPort port() {
        return this;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final PortCounters counters() {
        return counters;
    }

    @Override
    public int accepts() {
        return 0;
    }

    @Override
    public int deliver(Frame frame) {
        return REFUSED;
    }

    @Override
    public void flush() {}

    @Override
    public void fault(String reason) {}

    @Override
    public void guestsAccept(int offloads) {}

    @Override
    public void halt() {}

    @Override
    public void proceed() {}

    @Override
    public void save(StateWriter to) {}

    @Override
    public void update(StateReader state) throws HandOverException {}

    @Override
    public void close() {}
}
