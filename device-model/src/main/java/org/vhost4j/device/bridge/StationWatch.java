// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

/**
 * Receives events of a port's stations, such as violations of its {@link PortRules}. Methods are called by the port's
 * lane unless their comment names another one, possibly for every frame, and must return at once. Addresses are 48 bits
 * with the first byte on the wire highest.
 */
public interface StationWatch {
    /** Ignores all events. */
    StationWatch NONE = new StationWatch() {};

    /**
     * Reports frames that were dropped because the port must not send from their source address: it is a group address,
     * it is not the port's own, or it belongs to another port.
     *
     * @param source the source address
     * @param frames the number of frames, at least 1
     */
    default void refused(long source, int frames) {}

    /**
     * Reports a frame that was dropped because it is in no VLAN that the port carries, or ends within its tag.
     *
     * @param source the frame's source address
     */
    default void outsideVlans(long source) {}

    /**
     * Reports that a station moved to this port from another one.
     *
     * @param station the station's address
     * @param from the other port's name
     */
    default void moved(long station, String from) {}

    /**
     * Reports that a station moved from this port to another one although the guest of this port takes frames. Called
     * by the other port's lane, before that port's {@link #moved}.
     *
     * @param station the station's address
     */
    default void lost(long station) {}

    /**
     * Reports that the port's own address is in use: another port has the same one, and its guest runs.
     *
     * @param station the address
     * @param by the other port's name
     */
    default void taken(long station, String by) {}

    /**
     * Reports that the port has more stations than its rules allow: its oldest one was forgotten.
     *
     * @param station address of the forgotten station
     */
    default void forgotten(long station) {}

    /** Reports a frame to all other ports that was dropped because the limit for this second was reached. */
    default void flooded() {}
}
