// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.host.io.SocketAccess;
import org.vhost4j.sys.InheritedSocket;

/**
 * The socket to which one guest's front-end connects, with the settings of the guest.
 *
 * @param path the socket's path, or null for an inherited descriptor
 * @param descriptor the inherited descriptor's number, or -1 for a path
 * @param connect whether to connect to the path instead of listening on it
 * @param attach the kind of front-end device
 * @param mac the guest's MAC address, 48 bits with the first byte on the wire highest, or {@link PortRules#NO_MAC} when none is configured
 * @param trustMac whether the guest may also send from other addresses
 * @param deviceState whether DEVICE_STATE is offered, so that the device's state migrates with the guest; a migration fails when only one
 *     side offers it
 * @param access users who may connect to a socket on which this program listens
 * @param vlan VLANs of the guest
 * @param name name of the guest, or null for a default name with its number
 * @param security security settings of the guest that replace the global ones
 * @param linkUp whether the link is up
 * @param rates rate limits of the guest's frames
 */
public record Endpoint(
        @Nullable Path path,
        int descriptor,
        boolean connect,
        Attach attach,
        long mac,
        boolean trustMac,
        boolean deviceState,
        SocketAccess access,
        PortVlan vlan,
        @Nullable String name,
        OwnSecurity security,
        boolean linkUp,
        PortRates rates) {
    /** Creates an endpoint with default settings. */
    private Endpoint(@Nullable Path path, int descriptor, boolean connect, Attach attach) {
        this(
                path,
                descriptor,
                connect,
                attach,
                PortRules.NO_MAC,
                false,
                true,
                SocketAccess.DEFAULT,
                PortVlan.ALL,
                null,
                OwnSecurity.NONE,
                true,
                PortRates.NONE);
    }

    /**
     * Returns the endpoint of a socket on which this program listens.
     *
     * @param path path of the socket
     * @param attach the kind of front-end device
     * @return the endpoint
     */
    public static Endpoint listen(Path path, Attach attach) {
        return new Endpoint(path, -1, false, attach);
    }

    /**
     * Returns the endpoint of a socket on which the front-end listens.
     *
     * @param path path of the socket
     * @param attach the kind of front-end device
     * @return the endpoint
     */
    public static Endpoint connect(Path path, Attach attach) {
        return new Endpoint(path, -1, true, attach);
    }

    /**
     * Returns the endpoint of an inherited socket.
     *
     * @param descriptor number of the descriptor
     * @param attach the kind of front-end device
     * @return the endpoint
     */
    public static Endpoint inherited(int descriptor, Attach attach) {
        return new Endpoint(null, descriptor, false, attach);
    }

    /**
     * Returns the same endpoint for a guest with a given MAC address.
     *
     * @param address the address, 48 bits with the first byte on the wire highest
     * @param trust whether the guest may also send from other addresses
     * @return the new endpoint
     */
    public Endpoint withMac(long address, boolean trust) {
        return with(copy -> {
            copy.mac = address;
            copy.trustMac = trust;
        });
    }

    /**
     * Returns the same endpoint with or without the offer of DEVICE_STATE.
     *
     * @param moves whether the device's state migrates with the guest
     * @return the new endpoint
     */
    public Endpoint withDeviceState(boolean moves) {
        return with(copy -> copy.deviceState = moves);
    }

    /**
     * Returns the same endpoint for other users.
     *
     * @param who users who may connect to the socket
     * @return the new endpoint
     */
    public Endpoint withAccess(SocketAccess who) {
        return with(copy -> copy.access = who);
    }

    /**
     * Returns the same endpoint in other VLANs.
     *
     * @param vlans VLANs of the guest
     * @return the new endpoint
     */
    public Endpoint withVlan(PortVlan vlans) {
        return with(copy -> copy.vlan = vlans);
    }

    /**
     * Returns the same endpoint for a guest with a name.
     *
     * @param called name of the guest, or null for a default name with its number
     * @return the new endpoint
     */
    public Endpoint withName(@Nullable String called) {
        return with(copy -> copy.name = called);
    }

    /**
     * Returns the same endpoint for a guest with its own security settings.
     *
     * @param own security settings of the guest that replace the global ones
     * @return the new endpoint
     */
    public Endpoint withSecurity(OwnSecurity own) {
        return with(copy -> copy.security = own);
    }

    /**
     * Returns the same endpoint with its link up or down.
     *
     * @param up whether the link is up
     * @return the new endpoint
     */
    public Endpoint withLink(boolean up) {
        return with(copy -> copy.linkUp = up);
    }

    /**
     * Returns the same endpoint with other rate limits.
     *
     * @param limits rate limits of the guest's frames
     * @return the new endpoint
     */
    public Endpoint withRates(PortRates limits) {
        return with(copy -> copy.rates = limits);
    }

    /**
     * Returns the path of the socket, even if it was inherited.
     *
     * @return the given path, or the one to which an inherited socket is bound; empty for an inherited socket without a path
     */
    public Optional<Path> address() {
        return path != null ? Optional.of(path) : InheritedSocket.path(descriptor);
    }

    private Endpoint with(Consumer<Copy> change) {
        Copy copy = new Copy(this);
        change.accept(copy);
        return new Endpoint(
                path,
                descriptor,
                connect,
                attach,
                copy.mac,
                copy.trustMac,
                copy.deviceState,
                copy.access,
                copy.vlan,
                copy.name,
                copy.security,
                copy.linkUp,
                copy.rates);
    }

    /** A mutable copy of the settings, from which another endpoint for the same socket is created. */
    private static final class Copy {
        long mac;
        boolean trustMac;
        boolean deviceState;
        SocketAccess access;
        PortVlan vlan;

        @Nullable
        String name;

        OwnSecurity security;
        boolean linkUp;
        PortRates rates;

        Copy(Endpoint of) {
            mac = of.mac;
            trustMac = of.trustMac;
            deviceState = of.deviceState;
            access = of.access;
            vlan = of.vlan;
            name = of.name;
            security = of.security;
            linkUp = of.linkUp;
            rates = of.rates;
        }
    }

    @Override
    public String toString() {
        return path != null ? path.toString() : "descriptor " + descriptor;
    }
}
