// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.guests.lab.HostShell;

/**
 * A network namespace with a kernel bridge that connects both hosts' TAPs. The bridge has the peer's address. After a migration the bridge
 * must learn the guest's new port.
 */
final class Network implements AutoCloseable {
    /** The peer's address on the bridge. */
    static final String PEER = "10.78.0.254";
    /** The guest's address. */
    static final String GUEST = "10.78.0.1";
    /** The guest's MAC address. */
    static final String GUEST_MAC = "52:54:00:4d:49:01";
    /** The peer's MAC address. */
    static final String PEER_MAC = "52:54:00:4d:49:fe";

    private static final String BRIDGE = "bridge";

    private final String name;

    private Network(String name) {
        this.name = name;
    }

    /**
     * Creates the namespace and the bridge; a namespace of the same name from a killed run is removed first.
     *
     * @param name name of the namespace
     * @throws IOException when the host refuses
     */
    static Network create(String name) throws IOException {
        HostShell.run("ip netns del " + name + " 2>/dev/null; ip netns add " + name);
        Network network = new Network(name);
        try {
            String in = "ip -n " + name;
            // IPv6 is disabled, because its own messages would update the bridge before the announcements do.
            HostShell.run("ip netns exec " + name
                    + " sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 && "
                    + in + " link add " + BRIDGE + " address " + PEER_MAC
                    + " type bridge stp_state 0 forward_delay 0 && "
                    + in + " link set " + BRIDGE + " up && " + in + " address add " + PEER + "/24 dev " + BRIDGE
                    + " && " + in
                    + " neigh replace " + GUEST + " lladdr " + GUEST_MAC + " nud permanent dev " + BRIDGE);
        } catch (IOException | RuntimeException e) {
            network.close();
            throw e;
        }
        return network;
    }

    /**
     * Returns a command line that runs a command in the namespace.
     *
     * @param command the command
     * @return the command line
     */
    List<String> inside(List<String> command) {
        // The command must not outlive this process.
        List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", name, "setpriv", "--pdeathsig", "KILL"));
        whole.addAll(command);
        return whole;
    }

    /**
     * Adds a TAP to the bridge as soon as the back-end has created it.
     *
     * @param tap name of the TAP
     * @param seconds maximum time to wait for it
     * @throws IOException when it does not appear
     */
    void join(String tap, int seconds) throws IOException {
        HostShell.run("for i in $(seq " + seconds * 20 + "); do ip -n " + name + " link show " + tap
                + " >/dev/null 2>&1 && break; sleep 0.05; done; " + "ip -n " + name + " link set " + tap + " master "
                + BRIDGE + " up");
    }

    /**
     * Returns the TAP at which the bridge has learned the guest's MAC address.
     *
     * @return its name, or an empty string when the bridge has not learned the guest
     * @throws IOException when the bridge cannot be queried
     */
    String guestIsBehind() throws IOException {
        return HostShell.run("bridge -n " + name + " fdb show br " + BRIDGE + " | awk '$1 == \"" + GUEST_MAC
                        + "\" && !/permanent/ { print $3 }'")
                .strip();
    }

    @Override
    public void close() {
        try {
            HostShell.run("ip netns del " + name);
        } catch (IOException e) {
            // Only the name is left, which the next run with that name removes.
        }
    }
}
