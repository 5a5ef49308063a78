// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.PortRules;

/**
 * Where one guest's front-end is met.
 *
 * @param path the socket's path, or null for an inherited descriptor
 * @param descriptor the inherited descriptor's number, or -1 for a path
 * @param connect whether to connect to the path instead of listening on it
 * @param attach how the guest is attached
 * @param mac the guest's MAC address, 48 bits with the first byte on the wire highest, or {@link PortRules#NO_MAC} when none is given
 * @param trustMac whether the guest may send from other addresses, too
 */
public record Endpoint(
        @Nullable Path path, int descriptor, boolean connect, Attach attach, long mac, boolean trustMac) {
    /**
     * A socket to listen on.
     *
     * @param path where it is bound
     * @param attach how the guest is attached
     * @return the endpoint
     */
    public static Endpoint listen(Path path, Attach attach) {
        return new Endpoint(path, -1, false, attach, PortRules.NO_MAC, false);
    }

    /**
     * A socket that the front-end listens on.
     *
     * @param path where it is bound
     * @param attach how the guest is attached
     * @return the endpoint
     */
    public static Endpoint connect(Path path, Attach attach) {
        return new Endpoint(path, -1, true, attach, PortRules.NO_MAC, false);
    }

    /**
     * A connected socket that was inherited.
     *
     * @param descriptor its number
     * @param attach how the guest is attached
     * @return the endpoint
     */
    public static Endpoint inherited(int descriptor, Attach attach) {
        return new Endpoint(null, descriptor, false, attach, PortRules.NO_MAC, false);
    }

    /**
     * The same endpoint for a guest whose MAC address is given.
     *
     * @param address 48 bits
     * @param trust whether the guest may send from other addresses, too
     * @return an endpoint with it
     */
    public Endpoint withMac(long address, boolean trust) {
        return new Endpoint(path, descriptor, connect, attach, address, trust);
    }

    @Override
    public String toString() {
        return path != null ? path.toString() : "descriptor " + descriptor;
    }
}
