// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import java.util.function.Consumer;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * A port that drops all frames, and tells how far a hand-over has come.
 *
 * @param steps takes each step
 */
record MarkerUplink(Consumer<TakeOverStep> steps) implements Uplink {
    @Override
    public String name() {
        return "marker";
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        return new OpenMarker(steps, new PortCounters());
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) {
        steps.accept(TakeOverStep.MAPPING);
        return new OpenMarker(steps, new PortCounters());
    }

    private record OpenMarker(Consumer<TakeOverStep> steps, PortCounters counters) implements Movable, CountedPort {
        @Override
        public CountedPort port() {
            return this;
        }

        @Override
        public String name() {
            return "marker";
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
        public void proceed() {
            steps.accept(TakeOverStep.BEGINNING);
        }

        @Override
        public void save(StateWriter to) {}

        @Override
        public void update(StateReader state) throws HandOverException {
            steps.accept(TakeOverStep.ADOPTING);
        }

        @Override
        public void close() {}
    }
}
