// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.vhost4j.device.net.NetConfigSpace;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.qmp.rates.PortHistory;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/** A real back-end with two guests' sockets and its monitor, in this process, on a host without USO. */
public final class QmpFixture implements AutoCloseable {
    static final String PLATFORM = "linux-6.1";

    private final Path directory;
    private final QmpMonitor monitor;
    private final Backend backend;
    private final PortHistory rates;
    private final Served served;
    private final List<String> troubles = new CopyOnWriteArrayList<>();
    private final CountDownLatch quit = new CountDownLatch(1);

    QmpFixture(Path directory) throws IOException {
        this(directory, new Switching.Dropped());
    }

    /**
     * Starts the back-end with a bridge between the guests.
     *
     * @param directory directory of all sockets
     * @param uplinks other ports of the bridge
     * @return the fixture with the running back-end
     * @throws IOException when a socket cannot be created
     */
    public static QmpFixture bridged(Path directory, Uplink... uplinks) throws IOException {
        return new QmpFixture(directory, new Switching.Bridged(List.of(uplinks)));
    }

    private QmpFixture(Path directory, Switching switching) throws IOException {
        this.directory = directory;
        this.monitor = QmpMonitor.listen(path(), "1.2.3-TEST", troubles::add, Await.PATIENCE);
        Resolution resolution = resolve();
        List<Endpoint> endpoints =
                List.of(Endpoint.listen(guest(0), Attach.AUTO), Endpoint.listen(guest(1), Attach.AUTO));
        BackendConfig config = BackendConfig.builder(endpoints, resolution.offered())
                .mtu(1500)
                .switching(switching)
                .build();
        this.backend = Backend.start(config, monitor.events());
        this.rates = new PortHistory(
                () -> {
                    backend.noteTime();
                    return backend.ports();
                },
                System::nanoTime);
        GuestAbi abi = new GuestAbi(resolution.offered(), 1, RingLayout.MAX_SIZE, 1500, NetConfigSpace.BYTES);
        this.served = new Served(
                backend,
                config,
                resolution,
                abi,
                PlatformCatalog.shipped(),
                host(),
                rates,
                new PlainChanges(backend.membership()));
        monitor.serve(served, quit::countDown);
    }

    /** A host as of Linux 6.1, with a TAP. */
    static HostCapabilities host() {
        return HostCapabilities.imagined(
                "imagined",
                Set.of(
                        HostCapability.TAP,
                        HostCapability.TAP_VNET_HDR,
                        HostCapability.TAP_CSUM,
                        HostCapability.TAP_TSO,
                        HostCapability.TAP_WRITE_TSO,
                        HostCapability.TAP_ECN,
                        HostCapability.TAP_UFO,
                        HostCapability.TAP_MULTI_QUEUE,
                        HostCapability.TAP_NO_CARRIER));
    }

    private static Resolution resolve() {
        Request request = new Request(
                Optional.empty(),
                Optional.of(PLATFORM),
                new LinkedHashMap<>(),
                MissingPolicy.REFUSE,
                Set.of(),
                DeviceCapabilities.vhost4j(1, OptionalInt.of(1500)),
                HostCapabilities.NOT_PROBED);
        return switch (new Resolver(PlatformCatalog.shipped()).resolve(request)) {
            case Resolution resolution -> resolution;
            case Refusal refusal -> throw new AssertionError(refusal.message());
        };
    }

    /**
     * Returns the path of the monitor's socket.
     *
     * @return the path
     */
    public Path path() {
        return directory.resolve("qmp.sock");
    }

    /**
     * Returns the path of a guest's socket.
     *
     * @param number number of the guest, 0 or 1
     * @return the path
     */
    public Path guest(int number) {
        return directory.resolve("guest" + number + ".sock");
    }

    /**
     * Returns the back-end that the monitor's clients query.
     *
     * @return the back-end and its promise
     */
    public Served served() {
        return served;
    }

    /**
     * Returns the rates of the ports.
     *
     * @return a history whose samples the test takes
     */
    public PortHistory rates() {
        return rates;
    }

    QmpMonitor monitor() {
        return monitor;
    }

    CountDownLatch quit() {
        return quit;
    }

    List<String> troubles() {
        return new ArrayList<>(troubles);
    }

    @Override
    public void close() {
        backend.close();
        monitor.close();
    }
}
