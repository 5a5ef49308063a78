// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

/**
 * Hears what a port does against its {@link PortRules}. Called by the port's lane unless it says otherwise, perhaps for every frame; must return at once.
 * Addresses are 48 bits with the first byte on the wire highest.
 */
public interface StationWatch {
    /** Hears nothing. */
    StationWatch NONE = new StationWatch() {};

    /**
     * Frames were dropped because the port must not send from their source address: it is a group's, it is not the port's own, or it
     * belongs to another port.
     *
     * @param source the address
     * @param frames how many, at least 1
     */
    default void refused(long source, int frames) {}

    /**
     * A frame was dropped because it is in no VLAN that the port carries, or its tag is cut off.
     *
     * @param source its source address
     */
    default void outsideVlans(long source) {}

    /**
     * A station that was behind another port is now behind this one.
     *
     * @param station its address
     * @param from the other port's name
     */
    default void moved(long station, String from) {}

    /**
     * A station that was behind this port is now behind another one, although the guest of this one takes frames. Called by the other
     * port's lane, before that port's {@link #moved}.
     *
     * @param station its address
     */
    default void lost(long station) {}

    /**
     * The port's own address is in use: another port has the same one, and its guest runs.
     *
     * @param station the address
     * @param by the other port's name
     */
    default void taken(long station, String by) {}

    /**
     * There are more stations than the port may have: its oldest one was forgotten.
     *
     * @param station the forgotten one's address
     */
    default void forgotten(long station) {}

    /** A frame for all other ports was dropped, because there were as many in this second as there may be. */
    default void flooded() {}
}
