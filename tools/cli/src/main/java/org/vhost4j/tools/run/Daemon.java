// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.qmp.Changes;
import org.vhost4j.tools.platform.PlatformOptions;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.Membership;
import org.vhost4j.vhostuser.server.Uplink;

/** Adds, changes and removes guests and ports of the back-end, given as values of its options. */
final class Daemon implements Changes {
    private final RunOptions options;
    private final PlatformOptions promise;
    private final PlatformCatalog catalog;
    private final Resolution resolution;
    private final Set<HostUse> uses;
    private volatile @Nullable Backend backend;
    private Consumer<Consumer<String>> whenServed = lines -> {};

    /**
     * Creates the daemon before the back-end runs.
     *
     * @param options options with which the back-end is started
     * @param promise options of the promise to guests
     * @param catalog every machine and platform
     * @param resolution the promise to guests
     * @param uses ways in which its ports use the host's kernel
     */
    Daemon(
            RunOptions options,
            PlatformOptions promise,
            PlatformCatalog catalog,
            Resolution resolution,
            Set<HostUse> uses) {
        this.options = options;
        this.promise = promise;
        this.catalog = catalog;
        this.resolution = resolution;
        this.uses = Set.copyOf(uses);
    }

    /** Registers an action to run once the back-end runs; it is passed the receiver of lines for the user. */
    void whenServed(Consumer<Consumer<String>> task) {
        whenServed = task;
    }

    /**
     * Starts to serve requests for a back-end that runs.
     *
     * @param lines receives lines for the user
     */
    void serve(Backend running, Consumer<String> lines) {
        backend = running;
        whenServed.accept(lines);
    }

    /** Returns the options with which the back-end is started. */
    RunOptions options() {
        return options;
    }

    private Membership membership() {
        return Objects.requireNonNull(backend, "it runs").membership();
    }

    @Override
    public String addGuest(String socket, Map<String, String> settings) throws ChangeRefused {
        String whole = "socket-path " + socket;
        if (socket.isEmpty()) {
            throw new IllegalArgumentException("socket-path: the path is empty");
        }
        requireKnown(settings, EndpointOption.OF_LISTENING, whole);
        return membership().addGuest(EndpointOption.of(whole, socket, settings, options.socketGroup()));
    }

    @Override
    public void setGuest(String name, Map<String, String> settings) throws ChangeRefused {
        String whole = "guest " + name;
        requireKnown(settings, EndpointOption.OF_SERVED, whole);
        membership().changeGuest(name, guest -> EndpointOption.changed(whole, settings, guest));
    }

    @Override
    public Membership.Guest removeGuest(String name) throws ChangeRefused {
        return membership().removeGuest(name);
    }

    @Override
    public String addPort(String port, Map<String, String> settings) throws ChangeRefused {
        requireKnown(settings, PortSettings.KEYS, "port " + port);
        if (!(PortKinds.parse(port) instanceof PortOption.OnBridge option)) {
            throw new IllegalArgumentException(
                    "port " + port + ": it replaces the bridge, which is impossible while the back-end runs");
        }
        Uplink uplink = PortSettings.read("port " + port, settings)
                .over(option.uplink(host(port, option.uses()), options.queues()));
        membership().addPort(uplink);
        return uplink.name();
    }

    /** Returns this host's capabilities for a port, if the promise to guests can be kept there. */
    private HostCapabilities host(String port, Set<HostUse> more) {
        if (more.isEmpty()) {
            return HostCapabilities.NOT_PROBED;
        }
        Set<HostUse> all = EnumSet.copyOf(more);
        all.addAll(uses);
        HostCapabilities host;
        try {
            host = promise.host(all);
        } catch (IOException e) {
            throw new IllegalArgumentException("port " + port + ": " + e.getMessage(), e);
        }
        switch (new Resolver(catalog).resolve(promise.request(options.device(), host, all))) {
            case Resolution again -> {
                if (!again.offered().equals(resolution.offered())
                        || !again.platform().equals(resolution.platform())) {
                    throw new IllegalArgumentException("port " + port + ": with it guests would be promised platform "
                            + again.platform() + " and " + again.offered().hex() + ", and they were promised "
                            + resolution.platform() + " and "
                            + resolution.offered().hex()
                            + ": start the back-end with --platform=" + again.platform());
                }
            }
            case Refusal refusal -> throw new IllegalArgumentException("port " + port + ": " + refusal.message());
        }
        return host;
    }

    @Override
    public void setPort(String name, Map<String, String> settings) throws ChangeRefused {
        String whole = "port " + name;
        requireKnown(settings, PortSettings.KEYS, whole);
        PortSettings read = PortSettings.read(whole, settings);
        membership().changePort(name, read::over);
    }

    @Override
    public void removePort(String name) throws ChangeRefused {
        membership().removePort(name);
    }

    // Methods for reloading a file, whose values have the syntax of the command line.

    /** Returns the name of a guest, by the path of its socket. */
    String nameOf(Path socket) throws ChangeRefused {
        for (Membership.Guest guest : membership().guests()) {
            Path path = guest.endpoint().path();
            if (path != null
                    && path.toAbsolutePath()
                            .normalize()
                            .equals(socket.toAbsolutePath().normalize())) {
                return guest.name();
            }
        }
        throw new IllegalArgumentException("there is no guest at " + socket + " any more");
    }

    /** Returns the name of a port, by the value of {@code --port}. */
    String nameOf(String port) {
        return PortKinds.parse(port) instanceof PortOption.OnBridge option
                ? option.uplink(HostCapabilities.NOT_PROBED, options.queues()).name()
                : port;
    }

    /** Returns a guest, by the value of {@code --socket-path}. */
    Endpoint guest(String value) {
        return EndpointOption.parse(value, options.socketGroup());
    }

    /** Adds a guest. */
    void addGuest(String value) throws ChangeRefused {
        String unused = membership().addGuest(guest(value));
    }

    /** Replaces all settings of a guest that can change while it is served by those of another endpoint. */
    void replaceGuest(String name, Endpoint settings) throws ChangeRefused {
        membership()
                .changeGuest(
                        name,
                        guest -> guest.withMac(settings.mac(), settings.trustMac())
                                .withVlan(settings.vlan())
                                .withSecurity(settings.security())
                                .withRates(settings.rates())
                                .withLink(settings.linkUp()));
    }

    /** Replaces the settings of a port by those of a value of {@code --port}. */
    void replacePort(String name, String value) throws ChangeRefused {
        if (PortKinds.parse(value) instanceof PortOption.OnBridge option) {
            Uplink settings = option.uplink(HostCapabilities.NOT_PROBED, options.queues());
            membership()
                    .changePort(
                            name,
                            port -> port.withVlan(settings.vlan())
                                    .withSecurity(settings.security())
                                    .withRates(settings.rates()));
        } else {
            throw new IllegalArgumentException("it replaces the bridge, which is impossible while the back-end runs");
        }
    }

    /**
     * Changes the global security settings, for guests and ports without their own; a setting that is not given gets
     * its default.
     */
    void secure(Optional<String> mode, Optional<String> floodLimit) throws ChangeRefused {
        membership().secure(PortSettings.secure(mode, floodLimit));
    }

    private static void requireKnown(Map<String, String> settings, List<String> known, String whole) {
        for (String key : settings.keySet()) {
            if (!known.contains(key)) {
                throw new IllegalArgumentException(
                        whole + ": there is no setting '" + key + "' (" + String.join(", ", known) + ")");
            }
        }
    }
}
