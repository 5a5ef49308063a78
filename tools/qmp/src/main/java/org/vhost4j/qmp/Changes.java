// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.Map;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Membership;

/**
 * Adds, changes and removes guests and ports of a running back-end. The names and values of settings are those of the command line, as
 * text. The methods may be called by any thread; a refused call changes nothing.
 */
public interface Changes {
    /**
     * Adds a guest.
     *
     * @param socket the path of the guest's socket
     * @param settings the settings by name
     * @return the name of the guest
     * @throws ChangeRefused when the guest already exists, or its socket cannot be created
     * @throws IllegalArgumentException when a setting is invalid; the message is for the user
     */
    String addGuest(String socket, Map<String, String> settings) throws ChangeRefused;

    /**
     * Changes settings of a guest.
     *
     * @param name the name of the guest
     * @param settings the settings to change, by name; the others keep their values
     * @throws ChangeRefused when the guest does not exist
     * @throws IllegalArgumentException when a setting is invalid; the message is for the user
     */
    void setGuest(String name, Map<String, String> settings) throws ChangeRefused;

    /**
     * Removes a guest.
     *
     * @param name the name of the guest
     * @return the last state of the guest
     * @throws ChangeRefused when the guest does not exist
     */
    Membership.Guest removeGuest(String name) throws ChangeRefused;

    /**
     * Adds a port.
     *
     * @param port the kind of the port and its parameters, as on the command line
     * @param settings the settings by name
     * @return the name of the port
     * @throws ChangeRefused when the port already exists or cannot be opened, or this host lacks a prerequisite
     * @throws IllegalArgumentException when a setting is invalid; the message is for the user
     */
    String addPort(String port, Map<String, String> settings) throws ChangeRefused;

    /**
     * Changes settings of a port.
     *
     * @param name the name of the port
     * @param settings the settings to change, by name; the others keep their values
     * @throws ChangeRefused when the port does not exist
     * @throws IllegalArgumentException when a setting is invalid; the message is for the user
     */
    void setPort(String name, Map<String, String> settings) throws ChangeRefused;

    /**
     * Removes a port.
     *
     * @param name the name of the port
     * @throws ChangeRefused when the port does not exist
     */
    void removePort(String name) throws ChangeRefused;
}
