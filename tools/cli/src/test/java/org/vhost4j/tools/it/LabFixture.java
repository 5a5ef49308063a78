// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.QemuArguments;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.tools.run.AttachHelp;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.SilentListener;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/** One back-end with its real guests and a record of its events. */
final class LabFixture implements AutoCloseable {
    private final Lab lab;
    private final Path directory;
    private final List<Guest> guests = new ArrayList<>();
    private final Map<String, FeatureSet> negotiated = new ConcurrentHashMap<>();
    private final List<String> troubles = new CopyOnWriteArrayList<>();
    private final QemuArguments netdev;
    private BackendConfig config;
    private Backend backend;

    private LabFixture(Lab lab, Path directory, BackendConfig config, QemuArguments netdev) {
        this.lab = lab;
        this.directory = directory;
        this.config = config;
        this.netdev = netdev;
        this.backend = Backend.start(config, listener());
    }

    /** A back-end with one socket for each way of attaching. */
    static LabFixture start(
            Path directory, Map<String, String> settings, String platform, List<Uplink> uplinks, Attach... attach) {
        Lab lab = Lab.find();
        lab.provision();
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < attach.length; i++) {
            endpoints.add(Endpoint.listen(directory.resolve("guest" + i + ".sock"), attach[i]));
        }
        Resolution resolution = resolve(settings, platform);
        int speed = resolution.number("speed");
        return new LabFixture(
                lab,
                directory,
                BackendConfig.builder(endpoints, resolution.offered())
                        .leftToFrontEnd(resolution.leftToFrontEnd())
                        .linkSpeed(speed == 0 ? LinkSpeed.UNKNOWN : new LinkSpeed(speed, LinkSpeed.Duplex.FULL))
                        .switching(new Switching.Bridged(uplinks))
                        .promise("platform " + platform)
                        .build(),
                QemuArguments.inFrontOf(resolution));
    }

    static Resolution resolve(Map<String, String> settings, String platform) {
        Request request = new Request(
                Optional.empty(),
                Optional.of(platform),
                new LinkedHashMap<>(settings),
                MissingPolicy.REFUSE,
                Set.of(),
                DeviceCapabilities.vhost4j(1, OptionalInt.empty()),
                HostCapabilities.NOT_PROBED);
        return switch (new Resolver(PlatformCatalog.shipped()).resolve(request)) {
            case Resolution resolution -> resolution;
            case Refusal refusal -> throw new AssertionError(refusal.message());
        };
    }

    /** Where a guest attaches. */
    Endpoint endpoint(int number) {
        return config.endpoints().get(number);
    }

    /** The properties of QEMU's own device that {@code run} prints. */
    List<String> netdevProperties() {
        return netdev.settings();
    }

    /** Starts a guest through QEMU's generic vhost-user device. */
    Guest startDeviceGuest(int number) throws IOException {
        return start(number, "11", AttachHelp.device(config.endpoints().get(number), number, 1));
    }

    /** Starts a guest through {@code -netdev vhost-user}; {@code properties} are those of virtio-net-pci. */
    Guest startNetdevGuest(int number, String qemu, String chardevOptions, String... properties) throws IOException {
        return start(
                number,
                qemu,
                List.of(
                        "-chardev",
                        "socket,id=c,path=" + config.endpoints().get(number).path() + chardevOptions,
                        "-netdev",
                        "vhost-user,id=n,chardev=c",
                        "-device",
                        String.join(",", prepend("virtio-net-pci,netdev=n", properties))));
    }

    private static List<String> prepend(String first, String... rest) {
        List<String> all = new ArrayList<>(List.of(first));
        all.addAll(List.of(rest));
        return all;
    }

    private Guest start(int number, String qemu, List<String> arguments) throws IOException {
        return start(number, List.of("--qemu", qemu), arguments);
    }

    /** Starts a guest with options of the lab's own and any arguments of QEMU. */
    Guest start(int number, List<String> labOptions, List<String> arguments) throws IOException {
        List<String> options = new ArrayList<>(List.of("--accel", System.getProperty("vhost4j.accel", "tcg")));
        options.addAll(labOptions);
        Guest guest = Guest.start(lab, "guest" + number, directory, options, arguments);
        guests.add(guest);
        return guest;
    }

    /** Ends the back-end and starts it again with the same sockets, as after an upgrade. */
    void restartBackend() {
        restartBackend(config);
    }

    /** The same with some features fewer on offer. */
    void restartBackendWithout(FeatureSet fewer) {
        restartBackend(
                BackendConfig.builder(config.endpoints(), config.offered().minus(fewer))
                        .leftToFrontEnd(config.leftToFrontEnd())
                        .linkSpeed(config.linkSpeed())
                        .switching(config.switching())
                        .promise("less")
                        .build());
    }

    private void restartBackend(BackendConfig next) {
        backend.close();
        negotiated.clear();
        backend = Backend.start(next, listener());
    }

    /** What was stopped, refused or wrong. */
    List<String> troubles() {
        return troubles;
    }

    Backend backend() {
        return backend;
    }

    /** What every guest is offered, its front-end willing. */
    FeatureSet offered() {
        return config.offered();
    }

    FeatureSet negotiated(int guest) {
        return negotiated.getOrDefault("guest" + guest, FeatureSet.EMPTY);
    }

    /** Nothing was stopped, refused or wrong. */
    void assertNoTrouble() {
        assertThat(troubles).isEmpty();
    }

    private BackendListener listener() {
        return new SilentListener() {
            @Override
            public void negotiated(String guest, FeatureSet features) {
                negotiated.put(guest, features);
            }

            @Override
            public void stopped(String guest, String reason) {
                troubles.add(guest + " stopped: " + reason);
            }

            @Override
            public void trouble(String who, String line) {
                troubles.add(who + ": " + line);
            }
        };
    }

    @Override
    public void close() {
        guests.forEach(Guest::close);
        backend.close();
    }
}
