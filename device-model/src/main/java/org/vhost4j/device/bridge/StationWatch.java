// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

/**
 * Receives events of a port's stations, such as violations of its {@link PortRules}. All methods are called by the
 * port's lane unless their comment names another thread. They may be called for every frame and must return
 * immediately. Addresses are 48 bits with the first byte on the wire highest.
 */
public interface StationWatch {
    /** Ignores all events. */
    StationWatch NONE = new StationWatch() {};

    /**
     * Reports frames that were dropped because the port must not send from their source address. The source is a group
     * address, or not the port's own address, or it belongs to another port.
     *
     * @param source the source address
     * @param frames the number of frames, at least 1
     */
    default void refused(long source, int frames) {}

    /**
     * Reports a frame that was dropped because the port does not carry its VLAN, or because it ends within its tag.
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
     * Reports that a station moved from this port to another one although the guest of this port accepts frames. Called
     * by the other port's lane, before that port's {@link #moved}.
     *
     * @param station the station's address
     */
    default void lost(long station) {}

    /**
     * Reports that the port's own address is in use: another port has the same own address, and its guest runs.
     *
     * @param station the address
     * @param by the other port's name
     */
    default void taken(long station, String by) {}

    /**
     * Reports that the oldest station of the port was forgotten, because the port has more stations than its rules
     * allow.
     *
     * @param station address of the forgotten station
     */
    default void forgotten(long station) {}

    /** Reports that a frame was dropped instead of flooded, because the port has reached its limit for this second. */
    default void flooded() {}
}
