// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.Map;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Membership;

/**
 * Adds, changes and removes guests and ports of a back-end that runs. Settings are those of the command line: the same names, and the same
 * values as text. Any thread may call; what is refused changes nothing.
 */
public interface Changes {
    /**
     * Adds a guest.
     *
     * @param socket the path of its socket
     * @param settings by name
     * @return what the guest is called
     * @throws ChangeRefused when there is such a guest already, or its socket cannot be had
     * @throws IllegalArgumentException when a setting is wrong, in words for the user
     */
    String addGuest(String socket, Map<String, String> settings) throws ChangeRefused;

    /**
     * Changes settings of a guest.
     *
     * @param name what the guest is called
     * @param settings by name; the others stay as they are
     * @throws ChangeRefused when there is no such guest
     * @throws IllegalArgumentException when a setting is wrong, in words for the user
     */
    void setGuest(String name, Map<String, String> settings) throws ChangeRefused;

    /**
     * Removes a guest.
     *
     * @param name what the guest is called
     * @return the guest as it was last
     * @throws ChangeRefused when there is no such guest
     */
    Membership.Guest removeGuest(String name) throws ChangeRefused;

    /**
     * Adds a port.
     *
     * @param port its kind and what it needs, as on the command line
     * @param settings by name
     * @return what the port is called
     * @throws ChangeRefused when there is such a port already, it cannot be opened, or this host lacks what it needs
     * @throws IllegalArgumentException when a setting is wrong, in words for the user
     */
    String addPort(String port, Map<String, String> settings) throws ChangeRefused;

    /**
     * Changes settings of a port.
     *
     * @param name what the port is called
     * @param settings by name; the others stay as they are
     * @throws ChangeRefused when there is no such port
     * @throws IllegalArgumentException when a setting is wrong, in words for the user
     */
    void setPort(String name, Map<String, String> settings) throws ChangeRefused;

    /**
     * Removes a port.
     *
     * @param name what the port is called
     * @throws ChangeRefused when there is no such port
     */
    void removePort(String name) throws ChangeRefused;
}
