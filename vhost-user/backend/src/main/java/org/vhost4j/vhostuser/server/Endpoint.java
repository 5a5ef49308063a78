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
 * Where one guest's front-end connects.
 *
 * @param path the socket's path, or null for an inherited descriptor
 * @param descriptor the inherited descriptor's number, or -1 for a path
 * @param connect whether to connect to the path instead of listening on it
 * @param attach how the guest is attached
 * @param mac the guest's MAC address, 48 bits with the first byte on the wire highest, or {@link PortRules#NO_MAC} when none is given
 * @param trustMac whether the guest may send from other addresses, too
 * @param deviceState whether the device's state moves with the guest; a front-end that finds this on one side of a migration alone fails it
 * @param access who may connect to a socket that is listened on here
 * @param vlan which VLANs the guest is in
 * @param name what the guest is called, or null for a name with its number
 * @param security what the guest is held to instead of what all are
 * @param linkUp whether frames move
 * @param rates how fast they may
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
    /** A guest of which only the socket is given. */
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
     * A socket to listen on.
     *
     * @param path where it is bound
     * @param attach how the guest is attached
     * @return the endpoint
     */
    public static Endpoint listen(Path path, Attach attach) {
        return new Endpoint(path, -1, false, attach);
    }

    /**
     * A socket that the front-end listens on.
     *
     * @param path where it is bound
     * @param attach how the guest is attached
     * @return the endpoint
     */
    public static Endpoint connect(Path path, Attach attach) {
        return new Endpoint(path, -1, true, attach);
    }

    /**
     * A connected socket that was inherited.
     *
     * @param descriptor its number
     * @param attach how the guest is attached
     * @return the endpoint
     */
    public static Endpoint inherited(int descriptor, Attach attach) {
        return new Endpoint(null, descriptor, false, attach);
    }

    /**
     * The same endpoint for a guest whose MAC address is given.
     *
     * @param address 48 bits
     * @param trust whether the guest may send from other addresses, too
     * @return an endpoint with it
     */
    public Endpoint withMac(long address, boolean trust) {
        return with(copy -> {
            copy.mac = address;
            copy.trustMac = trust;
        });
    }

    /**
     * The same endpoint with DEVICE_STATE offered or not.
     *
     * @param moves whether the device's state moves with the guest
     * @return an endpoint with it
     */
    public Endpoint withDeviceState(boolean moves) {
        return with(copy -> copy.deviceState = moves);
    }

    /**
     * The same endpoint for certain users.
     *
     * @param who may connect to the socket that is listened on
     * @return an endpoint with it
     */
    public Endpoint withAccess(SocketAccess who) {
        return with(copy -> copy.access = who);
    }

    /**
     * The same endpoint in other VLANs.
     *
     * @param vlans which VLANs the guest is in
     * @return an endpoint with them
     */
    public Endpoint withVlan(PortVlan vlans) {
        return with(copy -> copy.vlan = vlans);
    }

    /**
     * The same endpoint for a guest with a name.
     *
     * @param called what the guest is called, or null for a name with its number
     * @return an endpoint with it
     */
    public Endpoint withName(@Nullable String called) {
        return with(copy -> copy.name = called);
    }

    /**
     * The same endpoint for a guest that is held to something else than all are.
     *
     * @param own what the guest is held to instead of what all are
     * @return an endpoint with it
     */
    public Endpoint withSecurity(OwnSecurity own) {
        return with(copy -> copy.security = own);
    }

    /**
     * The same endpoint with its link up or down.
     *
     * @param up whether frames move
     * @return an endpoint with it
     */
    public Endpoint withLink(boolean up) {
        return with(copy -> copy.linkUp = up);
    }

    /**
     * The same endpoint for a guest whose frames have other limits.
     *
     * @param limits how fast frames may move
     * @return an endpoint with them
     */
    public Endpoint withRates(PortRates limits) {
        return with(copy -> copy.rates = limits);
    }

    /**
     * The path of the socket, also of an inherited one.
     *
     * @return as given, or as it was bound; nothing for an inherited connection without a path
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

    /** What may be different in another endpoint of the same socket. */
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
