// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/** A port of the bridge that is no guest, as it is described before the back-end runs. */
@FunctionalInterface
public interface Uplink {
    /**
     * Opens the port. Called by the lane's thread.
     *
     * @param lane polls the port from then on, until the port is closed
     * @param sink where the port's frames go
     * @return the open port
     */
    Opened open(Lane lane, FrameSink sink);

    /**
     * What the port is called, before it is open.
     *
     * @return the name of the port that {@link #open} opens, or empty when it cannot be taken over from another back-end
     */
    default String name() {
        return "";
    }

    /**
     * Which VLANs the port carries.
     *
     * @return all of them, unless it was given others
     */
    default PortVlan vlan() {
        return PortVlan.ALL;
    }

    /**
     * The same port with other VLANs.
     *
     * @param vlans which the port carries
     * @return a port that is otherwise this one
     */
    default Uplink withVlan(PortVlan vlans) {
        return new SetUplink(this, vlans, security(), rates());
    }

    /**
     * What the port is held to.
     *
     * @return instead of what all ports are
     */
    default OwnSecurity security() {
        return OwnSecurity.NONE;
    }

    /**
     * The same port, held to something else.
     *
     * @param own what the port is held to instead of what all are
     * @return a port that is otherwise this one
     */
    default Uplink withSecurity(OwnSecurity own) {
        return new SetUplink(this, vlan(), own, rates());
    }

    /**
     * How fast frames may pass the port.
     *
     * @return no limits, unless it was given some
     */
    default PortRates rates() {
        return PortRates.NONE;
    }

    /**
     * The same port with other limits.
     *
     * @param limits how fast frames may pass
     * @return a port that is otherwise this one
     */
    default Uplink withRates(PortRates limits) {
        return new SetUplink(this, vlan(), security(), limits);
    }

    /**
     * Opens the port with what another back-end had of it, which works on until {@link Movable#proceed}. Called by the lane's thread.
     *
     * @param lane polls the port from then on, until the port is closed
     * @param sink where the port's frames go
     * @param state from a port of the same name
     * @return the open port, halted
     * @throws HandOverException when it is not the state of such a port
     */
    default Movable takeOver(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        throw new HandOverException("a port cannot be taken over");
    }

    /**
     * Whether every lane has a part of the port of its own, such as a queue of a TAP: then no frame for the port crosses lanes.
     *
     * @return false for a port of the first lane alone
     */
    default boolean onEveryLane() {
        return false;
    }

    /**
     * Opens another lane's part of a port that is {@link #onEveryLane} and open on the first lane. Called by that lane's thread.
     *
     * @param lane polls the part from then on, until the part is closed
     * @param sink where the part's frames go
     * @return the open part; its port counts for itself
     */
    default Opened openPart(Lane lane, FrameSink sink) {
        throw new IllegalStateException(name() + " is a port of one lane");
    }

    /**
     * As {@link #takeOver}, of another lane's part of a port that is {@link #onEveryLane}. Called by that lane's thread.
     *
     * @param lane polls the part from then on, until the part is closed
     * @param sink where the part's frames go
     * @param state from a part of a port of the same name
     * @return the open part, halted
     * @throws HandOverException when it is not the state of such a part
     */
    default Movable takeOverPart(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        throw new HandOverException(name() + " is a port of one lane here");
    }

    /** An open uplink that can be handed over to another back-end. Called by the lane's thread. */
    interface Movable extends Opened {
        /** Passes no frame on until {@link #proceed}. */
        void halt();

        /** Continues after {@link #halt}, or with what another back-end has left behind. */
        void proceed();

        /**
         * Writes what the port is, with its descriptors, and what it holds when it is halted.
         *
         * @param to takes it
         */
        void save(StateWriter to);

        /**
         * Takes over how far the port has come since {@link Uplink#takeOver} was called.
         *
         * @param state as {@link #save} has written it, with descriptors
         * @throws HandOverException when it is not the state of such a port
         */
        void update(StateReader state) throws HandOverException;
    }

    /** An open uplink. Called by the lane's thread. */
    interface Opened extends AutoCloseable {
        /**
         * The port that the bridge delivers to.
         *
         * @return always the same
         */
        CountedPort port();

        /**
         * Stops the port permanently, because a frame of another lane could not be handed to it.
         *
         * @param reason one line
         */
        void fault(String reason);

        /**
         * What the guests take has changed: the port may deliver that much without software's help.
         *
         * @param offloads a mask of {@link org.vhost4j.device.frame.Offloads}: what at least one guest takes
         */
        void guestsAccept(int offloads);

        /** Closes the port. */
        @Override
        void close();
    }
}
