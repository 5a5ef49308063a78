// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.RemotePort;
import org.vhost4j.device.frame.FramePort;

/** Adds a port to the bridges of all lanes, or removes it, while frames are forwarded. Used by threads that are not lanes. */
final class BridgeSeat {
    private final List<LaneContext> lanes;
    private final LaneContext own;
    private final int number;
    private final PortRules rules;

    /**
     * Reserves a free port number on all bridges. No frame is delivered to the port before {@link #take}.
     *
     * @param lanes the contexts of all lanes
     * @param own the context of the port's lane
     * @param name name of the port
     * @param rules rules for what the port may send
     */
    BridgeSeat(List<LaneContext> lanes, LaneContext own, String name, PortRules rules) {
        this(lanes, own, bridge(own).place(name, rules), rules);
        try {
            // Each lane reserves the number before a station can be learned on the port.
            inAll(bridge -> bridge.occupy(number, null, rules));
        } catch (RuntimeException | Error e) {
            leave(null);
            throw e;
        }
    }

    private BridgeSeat(List<LaneContext> lanes, LaneContext own, int number, PortRules rules) {
        this.lanes = lanes;
        this.own = own;
        this.number = number;
        this.rules = rules;
    }

    /** Returns the object for an existing port. */
    static BridgeSeat of(List<LaneContext> lanes, LaneContext own, int number) {
        return new BridgeSeat(lanes, own, number, PortRules.NONE);
    }

    /** Returns the object for an existing port. */
    static BridgeSeat of(List<LaneContext> lanes, LaneContext own, FramePort port) {
        int[] number = new int[1];
        Backend.inLane(own, () -> number[0] = bridge(own).numberOf(own.bridgePort(port)));
        return of(lanes, own, number[0]);
    }

    private static Bridge bridge(LaneContext context) {
        Bridge bridge = context.bridge();
        if (bridge == null) {
            throw new IllegalStateException("there is no bridge");
        }
        return bridge;
    }

    private void inAll(Consumer<Bridge> task) {
        lanes.forEach(context -> Backend.inLane(context, () -> task.accept(bridge(context))));
    }

    int number() {
        return number;
    }

    /**
     * Starts to deliver frames to the port.
     *
     * @param opening opens the port; called by its lane
     * @param fault receives the reason when a frame could not be delivered to the port, and stops it; called by its lane
     * @param parks whether frames of uplinks wait for it in a separate queue
     */
    void take(Supplier<FramePort> opening, Consumer<String> fault, boolean parks) {
        take(opening, fault, parks, null);
    }

    /** Opens a lane's own part of a port, and adds it to the lane's bridge. */
    @FunctionalInterface
    interface Parts {
        /**
         * Opens the part of a lane; called by that lane.
         *
         * @param joining receives the port to add to the bridge, before the first frame comes from it
         */
        void open(LaneContext of, Consumer<FramePort> joining);
    }

    /**
     * Starts to deliver frames to the port.
     *
     * @param parts opens the parts of other lanes, which then need no path to the port's lane; null when there are none
     */
    void take(Supplier<FramePort> opening, Consumer<String> fault, boolean parks, @Nullable Parts parts) {
        List<RemotePort> remotes = new ArrayList<>();
        Backend.inLane(own, () -> {
            FramePort port = opening.get();
            bridge(own).occupy(number, own.bridgePort(port), rules);
            if (parks) {
                own.parkLate(port, fault);
            }
            for (int i = 1; parts == null && i < lanes.size(); i++) {
                remotes.add(own.remote(port, fault));
            }
        });
        if (parts != null) {
            for (LaneContext other : lanes) {
                if (other != own) {
                    Backend.inLane(
                            other, () -> parts.open(other, gate -> bridge(other).occupy(number, gate, rules)));
                }
            }
            return;
        }
        int next = 0;
        for (LaneContext other : lanes) {
            if (other != own) {
                RemotePort remote = remotes.get(next++);
                Backend.inLane(other, () -> bridge(other).occupy(number, remote, rules));
            }
        }
    }

    /** Adds the MAC address that the port's rules assign to it to the forwarding database. */
    void enterOwnAddress() {
        Backend.inLane(own, () -> bridge(own).enterOwnAddress(number));
    }

    /** Applies other rules to the port. */
    void applyRules(PortRules changed) {
        boolean[] moved = new boolean[1];
        Backend.inLane(own, () -> moved[0] = bridge(own).change(number, changed));
        inAll(bridge -> bridge.applyRules(number, changed));
        if (moved[0]) {
            enterOwnAddress();
        }
    }

    /**
     * Releases the port's number, and removes all stations of the port from the forwarding database.
     *
     * @param port the port, or null when it was not opened
     * @param closing closes the port; called by its lane, after the last frame for the port and before the lane's next task
     */
    void leave(@Nullable FramePort port, Runnable closing) {
        leave(port, closing, context -> {
            // Only the port's own lane has a port to close.
        });
    }

    /** Releases the number of a port that also has parts on other lanes; each of these lanes closes its part. */
    void leave(@Nullable FramePort port, Runnable closing, Consumer<LaneContext> closingPart) {
        for (LaneContext context : lanes) {
            if (context != own) {
                Backend.inLane(context, () -> {
                    bridge(context).vacate(number);
                    closingPart.accept(context);
                });
            }
        }
        Backend.inLane(own, () -> {
            // No frame may be sent to a closed port: its descriptor numbers may refer to other files by then.
            bridge(own).vacate(number);
            try {
                closing.run();
            } finally {
                if (port != null) {
                    own.forgetInlets(port);
                }
            }
        });
        bridge(own).release(number);
        inAll(Bridge::refresh);
    }

    /** Releases the number of a port that is already closed. */
    void leave(@Nullable FramePort port) {
        leave(port, () -> {
            // The port is closed already.
        });
    }
}
