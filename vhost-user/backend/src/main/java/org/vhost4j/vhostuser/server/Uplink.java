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

/** An uplink: the description of a bridge port that is not a guest, such as a TAP. The running back-end opens the port from it. */
@FunctionalInterface
public interface Uplink {
    /**
     * Opens the port. Called by the lane's thread.
     *
     * @param lane lane that polls the port until it is closed
     * @param sink destination of the port's frames
     * @return the open port
     */
    Opened open(Lane lane, FrameSink sink);

    /**
     * Returns the port's name, before the port is open.
     *
     * @return the name of the port that {@link #open} opens, or empty when it cannot be taken over from another back-end
     */
    default String name() {
        return "";
    }

    /**
     * Returns the VLANs of the port.
     *
     * @return the VLANs; all of them by default
     */
    default PortVlan vlan() {
        return PortVlan.ALL;
    }

    /**
     * Returns the same port with other VLANs.
     *
     * @param vlans VLANs of the port
     * @return the new description
     */
    default Uplink withVlan(PortVlan vlans) {
        return new SetUplink(this, vlans, security(), rates());
    }

    /**
     * Returns the port's own security settings, which replace the global ones.
     *
     * @return the settings
     */
    default OwnSecurity security() {
        return OwnSecurity.NONE;
    }

    /**
     * Returns the same port with other security settings.
     *
     * @param own security settings that replace the global ones
     * @return the new description
     */
    default Uplink withSecurity(OwnSecurity own) {
        return new SetUplink(this, vlan(), own, rates());
    }

    /**
     * Returns the rate limits of the port's frames.
     *
     * @return the limits; none by default
     */
    default PortRates rates() {
        return PortRates.NONE;
    }

    /**
     * Returns the same port with other rate limits.
     *
     * @param limits rate limits of the port's frames
     * @return the new description
     */
    default Uplink withRates(PortRates limits) {
        return new SetUplink(this, vlan(), security(), limits);
    }

    /**
     * Opens the port with the state of another back-end, which still uses the port until {@link Movable#proceed}.
     * Called by the lane's thread.
     *
     * @param lane lane that polls the port until it is closed
     * @param sink destination of the port's frames
     * @param state state of the port with the same name in the other back-end
     * @return the open port, halted
     * @throws HandOverException when it is not the state of a port of this kind
     */
    default Movable takeOver(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        throw new HandOverException("a port cannot be taken over");
    }

    /**
     * Returns whether every lane has its own part of the port, such as a queue of a TAP, so that no frame for the port crosses lanes.
     *
     * @return false for a port that is only on the first lane
     */
    default boolean onEveryLane() {
        return false;
    }

    /**
     * Opens another lane's part of a port that is {@link #onEveryLane} and open on the first lane. Called by that lane's thread.
     *
     * @param lane lane that polls the part until it is closed
     * @param sink destination of the part's frames
     * @return the open part; its port has its own counters
     */
    default Opened openPart(Lane lane, FrameSink sink) {
        throw new IllegalStateException(name() + " is a port of one lane");
    }

    /**
     * Opens another lane's part of a port that is {@link #onEveryLane} with the state of another back-end; see {@link #takeOver}. Called by
     * that lane's thread.
     *
     * @param lane lane that polls the part until it is closed
     * @param sink destination of the part's frames
     * @param state state of a part of the port with the same name in the other back-end
     * @return the open part, halted
     * @throws HandOverException when it is not the state of a part of this kind
     */
    default Movable takeOverPart(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        throw new HandOverException(name() + " is a port of one lane here");
    }

    /** An open uplink that can be handed over to another back-end. Called by the lane's thread. */
    interface Movable extends Opened {
        /** Forwards no frame until {@link #proceed}. */
        void halt();

        /** Continues after {@link #halt}, or after {@link Uplink#takeOver}. */
        void proceed();

        /**
         * Writes the port's settings and descriptors and, when it is halted, the frames that it holds.
         *
         * @param to writer of the state
         */
        void save(StateWriter to);

        /**
         * Replaces the state that was passed to {@link Uplink#takeOver} with the final one.
         *
         * @param state the state that {@link #save} has written, with descriptors
         * @throws HandOverException when it is not the state of a port of this kind
         */
        void update(StateReader state) throws HandOverException;
    }

    /** An open uplink. Called by the lane's thread. */
    interface Opened extends AutoCloseable {
        /**
         * Returns the port to which the bridge delivers.
         *
         * @return always the same object
         */
        CountedPort port();

        /**
         * Stops the port permanently, because a frame of another lane could not be delivered to it.
         *
         * @param reason the reason, in one line
         */
        void fault(String reason);

        /**
         * Notifies the port of the offloads that guests accept, after a change. The port may deliver frames with these offloads.
         *
         * @param offloads offloads that at least one guest accepts, a mask of {@link org.vhost4j.device.frame.Offloads}
         */
        void guestsAccept(int offloads);

        /** Closes the port. */
        @Override
        void close();
    }
}
