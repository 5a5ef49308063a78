// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.NetConfigSpace;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.qmp.QmpMonitor;
import org.vhost4j.qmp.QmpOption;
import org.vhost4j.qmp.Served;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.common.Version;
import org.vhost4j.tools.platform.PlatformOptions;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code vhost4j run}: a back-end program by QEMU's conventions (docs/interop/vhost-user.rst, "Backend program conventions"). */
@Command(
        name = "run",
        description = "Runs a back-end: a socket for each guest, and a bridge between them.",
        mixinStandardHelpOptions = true)
public final class RunCommand implements Callable<Integer> {
    @Option(
            names = "--socket-path",
            paramLabel = "PATH[,server=off][,attach=netdev|device]",
            description = "the socket of one guest; once for each guest. With server=off the front-end listens. "
                    + "attach=netdev is for QEMU's -netdev vhost-user, attach=device for its generic device; "
                    + "without it either works")
    List<String> socketPaths = List.of();

    @Option(
            names = "--fd",
            paramLabel = "FDNUM",
            description = "an inherited socket, connected or listening, instead of --socket-path")
    List<Integer> descriptors = List.of();

    @Option(names = "--print-capabilities", description = "prints the capabilities as JSON and ends")
    boolean printCapabilities;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description =
                    "tap:ifname=NAME joins a TAP to the bridge; instead of the bridge, null[:copy=on] drops frames, echo "
                            + "returns them and source:size=BYTES sends them")
    List<String> ports = List.of();

    @Option(
            names = "--idle",
            paramLabel = "adaptive|poll|event",
            description = "when nothing happens: spin for a moment and then sleep, spin, or sleep (default: adaptive)")
    String idle = "adaptive";

    @Option(
            names = "--coalesce",
            paramLabel = "on|off",
            description =
                    "Whether plain TCP and UDP frames of one flow are put together for guests that take super-frames: saves"
                            + " such a guest work, and costs the back-end some (default: off).")
    String coalesce = "off";

    @Option(names = "--queues", paramLabel = "N", description = "Queue pairs of each guest, 1 to 127 (default: 1).")
    int queues = 1;

    @Option(
            names = "--lanes",
            paramLabel = "N",
            description = "Threads that the guests are shared out to in turn, 1 to " + BackendConfig.MOST_LANES
                    + "; there are no more than guests. Each wants a core of its own (default: 1).")
    int lanes = 1;

    @Option(names = "--mtu", paramLabel = "BYTES", description = "The MTU that guests are told, 68 to 65535.")
    @Nullable
    Integer mtu;

    @Option(
            names = "--qmp",
            paramLabel = "unix:PATH",
            description = "A socket for clients of the QEMU Machine Protocol, such as qmp-shell (docs/qmp.md).")
    @Nullable
    String qmp;

    @Mixin
    PlatformOptions promise = new PlatformOptions();

    @Spec
    @SuppressWarnings("NullAway.Init")
    CommandSpec spec;

    /** For picocli. */
    public RunCommand() {}

    @Override
    public Integer call() throws IOException {
        if (printCapabilities) {
            // The schema (docs/interop/vhost-user.json) has no further members for this type.
            System.out.println("{\"type\": \"net\"}");
            return 0;
        }
        List<PortOption> portOptions =
                parsed(() -> ports.stream().map(PortOption::parse).toList());
        Set<HostUse> uses = EnumSet.noneOf(HostUse.class);
        if (portOptions.stream().anyMatch(PortOption.Tap.class::isInstance)) {
            uses.add(HostUse.TAP);
        }
        PlatformCatalog catalog = promise.catalog();
        catalog.problems().forEach(spec.commandLine().getErr()::println);
        Optional<String> help = promise.help(catalog);
        if (help.isPresent()) {
            System.out.print(help.get());
            return 0;
        }
        checkSizes();
        List<Endpoint> endpoints = endpoints();
        Optional<Path> monitor = Optional.ofNullable(qmp).map(value -> parsed(() -> QmpOption.parse(value)));
        // Between guests nothing of the host's kernel is used, so nothing has to be asked of it.
        HostCapabilities host = uses.isEmpty() ? HostCapabilities.NOTHING_ASKED : promise.host();
        DeviceCapabilities device =
                DeviceCapabilities.vhost4j(queues, mtu == null ? OptionalInt.empty() : OptionalInt.of(mtu));
        Resolution resolution = switch (new Resolver(catalog).resolve(promise.request(device, host, uses))) {
            case Resolution promised -> promised;
            case Refusal refusal -> throw new UnsupportedOption(refusal.message());
        };
        int speed = resolution.number("speed");
        BackendConfig config = BackendConfig.builder(endpoints, resolution.offered())
                .leftToFrontEnd(resolution.leftToFrontEnd())
                .queuePairs(queues)
                .mtu(resolution.number("host_mtu"))
                .linkSpeed(speed == 0 ? LinkSpeed.UNKNOWN : new LinkSpeed(speed, LinkSpeed.Duplex.FULL))
                .switching(switching(portOptions, host, coalesces()))
                .idle(idlePolicy())
                .promise("machine " + resolution.machine() + ", platform " + resolution.platform())
                .lanes(lanes)
                .build();
        GuestAbi abi = new GuestAbi(
                resolution.offered(), queues, RingLayout.MAX_SIZE, config.mtu(), NetConfigSpace.BYTES, speed);
        promise.checkAbi(abi);
        // Clients ask what this host supports, whether or not this back-end leans on it.
        HostCapabilities probed = monitor.isPresent() && uses.isEmpty() ? promise.host() : host;
        serve(config, resolution, abi, catalog, probed, monitor.map(RunCommand::listen));
        return 0;
    }

    private void checkSizes() {
        if (queues < 1 || queues > 127) {
            throw new UnsupportedOption("--queues=" + queues + ": a guest has 1 to 127 queue pairs");
        }
        if (lanes < 1 || lanes > BackendConfig.MOST_LANES) {
            throw new UnsupportedOption(
                    "--lanes=" + lanes + ": a back-end has 1 to " + BackendConfig.MOST_LANES + " lanes");
        }
        if (mtu != null && (mtu < 68 || mtu > 65535)) {
            throw new UnsupportedOption("--mtu=" + mtu + ": an MTU is 68 to 65535 bytes");
        }
    }

    private static QmpMonitor listen(Path path) {
        try {
            return QmpMonitor.listen(path, Version.current(), line -> System.out.println("qmp: " + line));
        } catch (IOException e) {
            throw new UnsupportedOption("--qmp=unix:" + path + ": " + e.getMessage());
        }
    }

    private static void serve(
            BackendConfig config,
            Resolution resolution,
            GuestAbi abi,
            PlatformCatalog catalog,
            HostCapabilities host,
            Optional<QmpMonitor> monitor) {
        EventPrinter events = new EventPrinter(System.out);
        events.line("vhost4j: machine " + resolution.machine() + ", platform " + resolution.platform()
                + (resolution.platformNamed() ? "" : " (the newest that this host supports)"));
        resolution.notes().forEach(note -> events.line("vhost4j: " + note));
        resolution.withheld().forEach(sentence -> events.line("vhost4j: " + sentence));
        events.line("vhost4j: offered " + resolution.offered().hex() + " " + resolution.offered());
        if (!resolution.leftToFrontEnd().isEmpty()) {
            events.line("vhost4j: up to QEMU's own virtio-net-pci, by its properties: " + resolution.leftToFrontEnd());
        }
        events.line("vhost4j: ABI " + abi.fingerprint());
        int processors = Runtime.getRuntime().availableProcessors();
        if (config.lanesInUse() > processors) {
            events.line("vhost4j: %d lanes on %d processors: they take turns, and frames from one to another wait"
                    .formatted(config.lanesInUse(), processors));
        }
        AttachHelp.lines(config.endpoints(), config.queuePairs(), resolution)
                .forEach(line -> events.line("vhost4j: " + line));
        Backend backend;
        try {
            List<BackendListener> listeners = new ArrayList<>(List.of(events));
            monitor.ifPresent(clients -> listeners.add(clients.events()));
            backend = Backend.start(config, new Listeners(listeners));
        } catch (SystemError e) {
            monitor.ifPresent(QmpMonitor::close);
            throw new UnsupportedOption(String.valueOf(e.getMessage()));
        }
        Thread end = Thread.ofPlatform().name("vhost4j-end").unstarted(() -> {
            monitor.ifPresent(QmpMonitor::endedBySignal);
            backend.close();
            monitor.ifPresent(QmpMonitor::close);
            events.close();
            // A back-end that was told to end has ended well: without this the JVM's status would be the signal's.
            Runtime.getRuntime().halt(0);
        });
        Runtime.getRuntime().addShutdownHook(end);
        CountDownLatch quit = new CountDownLatch(1);
        monitor.ifPresent(
                clients -> clients.serve(new Served(backend, config, resolution, abi, catalog, host), quit::countDown));
        try {
            quit.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().exit(0);
    }

    private List<Endpoint> endpoints() {
        if (!socketPaths.isEmpty() && !descriptors.isEmpty()) {
            throw new UnsupportedOption("--socket-path and --fd cannot be given together");
        }
        if (socketPaths.isEmpty() && descriptors.isEmpty()) {
            throw new UnsupportedOption("give --socket-path=PATH or --fd=FDNUM, once for each guest");
        }
        List<Endpoint> endpoints = new ArrayList<>();
        parsed(() -> socketPaths.stream().map(EndpointOption::parse).toList()).forEach(endpoints::add);
        descriptors.forEach(number -> endpoints.add(Endpoint.inherited(number, Attach.AUTO)));
        return endpoints;
    }

    private static <T> T parsed(Callable<T> parser) {
        try {
            return parser.call();
        } catch (IllegalArgumentException e) {
            throw new UnsupportedOption(String.valueOf(e.getMessage()));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static Switching switching(List<PortOption> options, HostCapabilities host, boolean coalesce) {
        List<Uplink> uplinks = new ArrayList<>();
        for (PortOption option : options) {
            if (option instanceof PortOption.Tap tap) {
                uplinks.add(new TapUplink(
                        tap.ifname(), host, line -> System.out.println("tap:" + tap.ifname() + ": " + line)));
            } else if (options.size() > 1) {
                throw new UnsupportedOption("--port null, echo and source stand alone: they replace the bridge");
            }
        }
        return options.isEmpty() || !uplinks.isEmpty()
                ? new Switching.Bridged(uplinks, coalesce)
                : switch (options.getFirst()) {
                    case PortOption.Echo echo -> new Switching.Echoed();
                    case PortOption.Source source -> new Switching.Flooded(source.bytes());
                    case PortOption.Null none -> none.copy() ? new Switching.Copied() : new Switching.Dropped();
                    case PortOption.Tap tap -> throw new IllegalStateException("a TAP is an uplink");
                };
    }

    private boolean coalesces() {
        return switch (coalesce) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new UnsupportedOption("--coalesce=" + coalesce + ": on or off");
        };
    }

    private IdlePolicy idlePolicy() {
        return switch (idle) {
            case "adaptive" -> IdlePolicy.ADAPTIVE;
            case "poll" -> IdlePolicy.POLLING;
            case "event" -> IdlePolicy.EVENT_DRIVEN;
            default -> throw new UnsupportedOption("--idle=" + idle + ": adaptive, poll or event");
        };
    }
}
