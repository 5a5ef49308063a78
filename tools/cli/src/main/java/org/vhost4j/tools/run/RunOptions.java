// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.NetConfigSpace;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.qmp.QmpOption;
import org.vhost4j.sys.ActivatedSockets;
import org.vhost4j.sys.ActivatedSockets.Activated;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.metrics.MetricsOption;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.PortSecurity;
import org.vhost4j.vhostuser.server.Switching;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options of {@code vhost4j run} that configure a back-end. An error in one of them is reported in one line for the
 * user.
 */
final class RunOptions {
    @Option(
            names = "--socket-path",
            paramLabel =
                    ""
                            + "PATH[,server=off][,attach=netdev|device][,mac=ADDRESS[,trust-guest-mac=on]][,device-state=off][,name=NAME][,link=down][,mode=OCTAL][,group=GROUP][,tag=VLAN][,trunks=VLANS][,vlan_mode=MODE][,cvlans=VLANS][,qinq-ethtype=TYPE][,port-security=MODE][,flood-limit=FRAMES][,rate=KIB][,burst=KIB]",
            description = "the socket of one guest; once for each guest. With server=off the front-end listens. "
                    + "attach=netdev is for QEMU's -netdev vhost-user, attach=device for its generic device; without "
                    + "it either works. mac= is the guest's address; with trust-guest-mac=on it may send from "
                    + "others, too. device-state=off excludes the device's state from a migration, for a source or "
                    + "destination whose back-end or QEMU (before 10.0) does not support it. mode= and group= are "
                    + "those of the socket's file; with group= alone the mode is 0660. tag= is the VLAN of an access "
                    + "port, trunks= are those of a trunk, vlan_mode=, cvlans= and qinq-ethtype= are as in Open "
                    + "vSwitch. port-security= and flood-limit= are the guest's own. rate= and burst= limit what it "
                    + "sends and receives, in KiB a second and KiB (docs/rates.md)")
    List<String> socketPaths = List.of();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "A JSON file with guests, ports and other options, in addition to those of the command line; read"
                            + " again with SIGHUP (docs/config.md).")
    @Nullable
    Path config;

    @Option(
            names = "--verbose",
            description =
                    "Prints all features, notes and QEMU arguments for each guest at start, instead of six lines.")
    boolean verbose;

    @Option(
            names = "--log-level",
            paramLabel = "error|warning|info",
            description = "The lowest level that is printed (default: info).")
    String logLevel = "info";

    @Option(
            names = "--log-format",
            paramLabel = "text|json",
            description = "text: warnings and errors begin with that word, or with <4> and <3> for systemd's "
                    + "journal. json: each line is an object with time, level, who and message (default: text).")
    String logFormat = "text";

    @Option(
            names = "--fd",
            paramLabel = "FDNUM|NAME[,attach=…][,mac=…][,device-state=off]",
            description =
                    "an inherited socket, connected or listening, instead of --socket-path, with the same options."
                            + " NAME is the FileDescriptorName= of a systemd socket. Without --fd and"
                            + " --socket-path each socket that systemd passes serves one guest")
    List<String> descriptors = List.of();

    @Option(
            names = "--socket-group",
            paramLabel = "GROUP",
            description = "Members of GROUP may connect to guests' sockets; the same as group=GROUP in each "
                    + "--socket-path.")
    @Nullable
    String socketGroup;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            completionCandidates = PortKinds.class,
            description =
                    "A port on the bridge in addition to the guests, or a replacement for the bridge: null drops frames,"
                            + " echo returns them, source sends them. One of: ${COMPLETION-CANDIDATES}. Ports on the"
                            + " bridge have tag=, trunks=, vlan_mode=, cvlans=, qinq-ethtype=, rate= and burst= "
                            + "as guests do.")
    List<String> ports = List.of();

    @Option(
            names = "--idle",
            paramLabel = "adaptive|poll|event",
            description =
                    "what an idle lane does: spin for a moment and then sleep, spin, or sleep (default: adaptive)")
    String idle = "adaptive";

    @Option(
            names = "--coalesce",
            paramLabel = "on|off",
            description = "Whether TCP and UDP frames of one flow are coalesced into super-frames for guests that "
                    + "accept them: less work for the guest, more for the back-end (default: off).")
    String coalesce = "off";

    @Option(
            names = "--port-security",
            paramLabel = "auto|on|off",
            description = "auto: a guest with mac= may send only from that address, and no other port may use it; "
                    + "another guest has up to " + PortRules.STATIONS
                    + " stations. on: in addition, a station that was seen behind one port cannot"
                    + " move to another while that guest is attached. off: no restriction (default: auto).")
    String portSecurity = "auto";

    @Option(
            names = "--flood-limit",
            paramLabel = "FRAMES",
            description =
                    "The maximum number of flooded frames that each port may send per second: frames to groups and to unknown "
                            + "stations. 0 means no limit (default: 0).")
    int floodLimit;

    @Option(names = "--queues", paramLabel = "N", description = "Queue pairs of each guest, 1 to 127 (default: 1).")
    int queues = 1;

    @Option(
            names = "--lanes",
            paramLabel = "N",
            description = "Threads over which the guests are distributed in turn, 1 to " + BackendConfig.MOST_LANES
                    + ", but no more than there are guests. Each lane should have a core of its own (default: 1, or "
                    + "one for each of --cores).")
    @Nullable
    Integer lanes;

    @Option(
            names = "--queue-lanes",
            paramLabel = "on|off",
            description =
                    "Whether the queue pairs of each guest are distributed over all lanes, so that one guest can use more"
                            + " than one core. Guests with rates, and those behind an IOMMU, stay on one lane "
                            + "(default: off).")
    String queueLanes = "off";

    @Mixin
    CoreOptions cores = new CoreOptions();

    @Option(names = "--mtu", paramLabel = "BYTES", description = "The MTU that guests see, 68 to 65535.")
    @Nullable
    Integer mtu;

    @Option(
            names = "--qmp",
            paramLabel = "unix:PATH",
            description = "A socket for clients of the QEMU Machine Protocol, such as qmp-shell (docs/qmp.md).")
    @Nullable
    String qmp;

    @Option(
            names = "--metrics",
            paramLabel = "ADDRESS:PORT|unix:PATH",
            description =
                    "The address of an HTTP server without a password for Prometheus metrics (/metrics) and a web page (/), "
                            + "such as 127.0.0.1:9478 or [::1]:9478, or a Unix socket of mode 0600 (docs/monitoring.md). Without this option there is no such server.")
    @Nullable
    String metrics;

    @Option(
            names = "--memory",
            paramLabel = "ram|any",
            description =
                    "The files that may contain guest memory. ram: memfd, tmpfs and hugetlbfs. any: also files on a disk, a "
                            + "network file system or FUSE, whose server can then delay every guest (default: ram).")
    String memory = "ram";

    @Option(
            names = "--take-over",
            paramLabel = "unix:PATH",
            description =
                    "Takes over the sockets, guests and ports of the back-end that listens at PATH, if there is one, without a "
                            + "gap, and then listens there for the next back-end (docs/upgrade.md).")
    @Nullable
    String takeOver;

    @Option(
            names = "--trace",
            paramLabel = "vhost-user",
            description = "Prints every vhost-user message of both directions to standard error, one line each.")
    @Nullable
    String trace;

    @Option(
            names = "--trace-file",
            paramLabel = "PATH",
            description = "Writes the trace to this file instead; an existing file is replaced.")
    @Nullable
    Path traceFile;

    private List<PortOption> parsedPorts = List.of();
    private List<Endpoint> endpoints = List.of();
    private Optional<Path> monitor = Optional.empty();
    private Optional<Path> succession = Optional.empty();

    /**
     * Parses the ports.
     *
     * @return ways in which the ports use the host's kernel
     * @throws UnsupportedOption when one of them is invalid
     */
    Set<HostUse> readPorts() {
        parsedPorts = parsed(() -> ports.stream().map(PortKinds::parse).toList());
        return PortOption.uses(parsedPorts);
    }

    /**
     * Parses all other options, before the host is probed.
     *
     * @throws UnsupportedOption when an option is invalid
     */
    void read() {
        cores.read();
        LogFormat unused = logFormat();
        checkSizes();
        succession = Optional.ofNullable(takeOver).map(RunOptions::readTakeOver);
        monitor = Optional.ofNullable(qmp).map(value -> parsed(() -> QmpOption.parse(value)));
        endpoints = readEndpoints();
        page().ifPresent(value -> parsed(() -> MetricsOption.parse(value)));
    }

    private static Path readTakeOver(String value) {
        String option = "--take-over=" + value;
        if (!value.startsWith("unix:") || value.equals("unix:")) {
            throw new UnsupportedOption(option + ": give unix:PATH, the socket for handing over to the next back-end");
        }
        return Path.of(value.substring("unix:".length()));
    }

    /** Returns the path of the socket for handing over to the next back-end, if there is to be one. */
    Optional<Path> succession() {
        return succession;
    }

    /** Returns the trace that {@code --trace} requests. */
    Optional<TraceLog> trace() {
        String what = trace;
        if (what == null) {
            if (traceFile != null) {
                throw new UnsupportedOption("--trace-file=" + traceFile + ": it requires --trace");
            }
            return Optional.empty();
        }
        return Optional.of(TraceLog.open(what, traceFile));
    }

    /** Returns the path of the monitor's socket, if there is to be one. */
    Optional<Path> monitor() {
        return monitor;
    }

    /** Returns the address and port of metrics and page, if there are to be any. */
    Optional<String> page() {
        return Optional.ofNullable(metrics);
    }

    /** Returns the device that the options describe, for the resolution of a promise. */
    DeviceCapabilities device() {
        return DeviceCapabilities.vhost4j(queues, mtu == null ? OptionalInt.empty() : OptionalInt.of(mtu));
    }

    /**
     * Returns the configuration of the back-end that the options describe.
     *
     * @param resolution the promise to guests
     * @param host capabilities that the probe found
     * @throws UnsupportedOption when options cannot be combined
     */
    BackendConfig config(Resolution resolution, HostCapabilities host) {
        int speed = resolution.number("speed");
        return BackendConfig.builder(endpoints, resolution.offered())
                .leftToFrontEnd(resolution.leftToFrontEnd())
                .queuePairs(queues)
                .mtu(resolution.number("host_mtu"))
                .linkSpeed(speed == 0 ? LinkSpeed.UNKNOWN : new LinkSpeed(speed, LinkSpeed.Duplex.FULL))
                .switching(secured(PortOption.toSwitching(parsedPorts, host, queues, coalesces())))
                .idle(idlePolicy())
                .view(new AbiView(abi(resolution)))
                .promise("machine " + resolution.machine() + ", platform " + resolution.platform())
                .lanes(laneCount())
                .growing(growing())
                .queueLanes(onOrOff("--queue-lanes", queueLanes))
                .cores(cores.lanes())
                .anyMemory(anyMemory())
                .build();
    }

    /** Returns the properties of such a back-end that guests see. */
    GuestAbi abi(Resolution resolution) {
        return new GuestAbi(
                resolution.offered(),
                queues,
                RingLayout.MAX_SIZE,
                resolution.number("host_mtu"),
                NetConfigSpace.BYTES,
                resolution.number("speed"));
    }

    private int laneCount() {
        return lanes != null ? lanes : Math.max(1, cores.lanes().size());
    }

    /**
     * Moves every thread of this process to the control cores, if there are any. Called before lanes start, which move
     * to their own cores.
     */
    void keepControlCores() {
        try {
            ControlThread.keepOn(cores.control());
        } catch (SystemError e) {
            throw new UnsupportedOption(String.valueOf(e.getMessage()));
        }
    }

    private boolean anyMemory() {
        return switch (memory) {
            case "ram" -> false;
            case "any" -> true;
            default -> throw new UnsupportedOption("--memory=" + memory + ": ram or any");
        };
    }

    private void checkSizes() {
        if (queues < 1 || queues > 127) {
            throw new UnsupportedOption("--queues=" + queues + ": a guest has 1 to 127 queue pairs");
        }
        if (laneCount() < 1 || laneCount() > BackendConfig.MOST_LANES) {
            throw new UnsupportedOption((lanes != null ? "--lanes=" + lanes : "--cores=" + cores.lanes())
                    + ": a back-end has 1 to " + BackendConfig.MOST_LANES + " lanes");
        }
        if (floodLimit < 0) {
            throw new UnsupportedOption("--flood-limit=" + floodLimit + ": a limit is 1 frame a second or more, or 0");
        }
        if (mtu != null && (mtu < 68 || mtu > 65535)) {
            throw new UnsupportedOption("--mtu=" + mtu + ": an MTU is 68 to 65535 bytes");
        }
    }

    private List<Endpoint> readEndpoints() {
        if (!socketPaths.isEmpty() && !descriptors.isEmpty()) {
            throw new UnsupportedOption("--socket-path and --fd cannot be given together");
        }
        if (socketGroup != null && socketPaths.isEmpty()) {
            throw new UnsupportedOption("--socket-group=" + socketGroup + ": it requires --socket-path");
        }
        List<Activated> activated = activated();
        if (!activated.isEmpty() && (!socketPaths.isEmpty() || descriptors.isEmpty())) {
            return ofServiceManager(activated);
        }
        if (socketPaths.isEmpty() && descriptors.isEmpty() && !growing()) {
            throw new UnsupportedOption("give --socket-path=PATH or --fd=FDNUM, once for each guest");
        }
        List<Endpoint> all = new ArrayList<>();
        parsed(() -> socketPaths.stream()
                        .map(value -> EndpointOption.parse(value, socketGroup))
                        .toList())
                .forEach(all::add);
        parsed(() -> descriptors.stream()
                        .map(value -> EndpointOption.parseDescriptor(value, activated))
                        .toList())
                .forEach(all::add);
        for (Activated socket : activated) {
            if (all.stream().noneMatch(endpoint -> endpoint.descriptor() == socket.number())) {
                throw new UnsupportedOption("the service manager has opened descriptor " + socket.number() + " ("
                        + socket.name() + "), and no --fd uses it");
            }
        }
        return all;
    }

    /** Returns whether guests can be added while the back-end runs. */
    private boolean growing() {
        return monitor.isPresent() || config != null;
    }

    /** Returns whether everything is printed at the start. */
    boolean verbose() {
        return verbose;
    }

    /** Returns the format of the log. */
    LogFormat logFormat() {
        LogLevel least = Arrays.stream(LogLevel.values())
                .filter(level -> level.word().equals(logLevel))
                .findFirst()
                .orElseThrow(() -> new UnsupportedOption("--log-level=" + logLevel + ": error, warning or info"));
        return switch (logFormat) {
            case "text" ->
                new LogFormat(least, JournalStream.isStandardOutput() ? LogFormat.Style.JOURNAL : LogFormat.Style.TEXT);
            case "json" -> new LogFormat(least, LogFormat.Style.JSON);
            default -> throw new UnsupportedOption("--log-format=" + logFormat + ": text or json");
        };
    }

    /** Returns the number of queue pairs of each guest. */
    int queues() {
        return queues;
    }

    /** Returns the default group whose members may connect to guests' sockets, or null. */
    @Nullable
    String socketGroup() {
        return socketGroup;
    }

    private static List<Activated> activated() {
        try {
            return ActivatedSockets.take();
        } catch (SystemError e) {
            throw new UnsupportedOption(String.valueOf(e.getMessage()));
        }
    }

    /** Returns the endpoints of activated sockets, each of which belongs to one guest, in their order. */
    private List<Endpoint> ofServiceManager(List<Activated> activated) {
        if (!socketPaths.isEmpty()) {
            throw new UnsupportedOption(
                    "--socket-path cannot be given together with sockets that the service manager has opened");
        }
        return activated.stream()
                .map(socket -> Endpoint.inherited(socket.number(), Attach.AUTO))
                .toList();
    }

    private Switching secured(Switching switching) {
        PortSecurity.Mode mode = parsed(() -> PortSettings.mode("--port-security=" + portSecurity, portSecurity));
        return switching instanceof Switching.Bridged bridged
                ? new Switching.Bridged(bridged.uplinks(), bridged.coalesce(), new PortSecurity(mode, floodLimit))
                : switching;
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

    private boolean coalesces() {
        return onOrOff("--coalesce", coalesce);
    }

    private static boolean onOrOff(String option, String value) {
        return switch (value) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new UnsupportedOption(option + "=" + value + ": on or off");
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
