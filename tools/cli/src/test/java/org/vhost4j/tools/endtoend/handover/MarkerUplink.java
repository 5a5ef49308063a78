// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import java.util.function.Consumer;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.server.IdlePort;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * A port that drops all frames, and reports the steps of a hand-over.
 *
 * @param steps receives each step
 */
record MarkerUplink(Consumer<TakeOverStep> steps) implements Uplink {
    @Override
    public String name() {
        return "marker";
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        return new OpenMarker(steps);
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) {
        steps.accept(TakeOverStep.MAPPING);
        return new OpenMarker(steps);
    }

    private static final class OpenMarker extends IdlePort {
        private final Consumer<TakeOverStep> steps;

        OpenMarker(Consumer<TakeOverStep> steps) {
            super("marker");
            this.steps = steps;
        }

        @Override
        public void proceed() {
            steps.accept(TakeOverStep.BEGINNING);
        }

        @Override
        public void update(StateReader state) {
            steps.accept(TakeOverStep.ADOPTING);
        }
    }
}
