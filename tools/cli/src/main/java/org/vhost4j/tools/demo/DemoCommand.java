// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.GuestFailure;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.lab.Traffic;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.Interruption;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.platform.PlatformOptions;
import org.vhost4j.tools.run.AttachHelp;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vhost4j demo}: two real guests, one back-end, and a table of the traffic between them. */
@Command(
        name = "demo",
        description = "Boots two guests and has them exchange TCP and UDP super-frames.",
        mixinStandardHelpOptions = true)
public final class DemoCommand implements Callable<Integer> {
    private static final int GUESTS = 2;

    /** Maximum time for the current step and the table after an interruption. */
    private static final Duration INTERRUPTED_PATIENCE = Duration.ofSeconds(30);

    @Option(
            names = "--accel",
            paramLabel = "tcg|kvm",
            description = "QEMU's accelerator for the guests (default: ${DEFAULT-VALUE}).")
    String accel = "tcg";

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "The duration of each run of iperf3 (default: ${DEFAULT-VALUE}).")
    int seconds = 5;

    @Option(
            names = "--datagrams",
            paramLabel = "N",
            description = "The number of datagrams to send in each direction (default: ${DEFAULT-VALUE}).")
    int datagrams = 20000;

    @Option(names = "--json", description = "As JSON.")
    boolean json;

    @Mixin
    PlatformOptions promise = new PlatformOptions();

    /** Creates the command, for picocli. */
    public DemoCommand() {}

    @Override
    public Integer call() throws IOException {
        if (seconds < 1 || datagrams < 1) {
            throw new UnsupportedOption("--seconds and --datagrams must be at least 1");
        }
        if (!List.of("tcg", "kvm").contains(accel)) {
            throw new UnsupportedOption("--accel=" + accel + ": tcg or kvm");
        }
        Resolution resolution = resolve();
        try (Interruption interruption = Interruption.watch(INTERRUPTED_PATIENCE)) {
            return run(resolution, interruption);
        }
    }

    private int run(Resolution resolution, Interruption interruption) throws IOException {
        boolean usoPromised = resolution.offered().has(Feature.HOST_USO);
        say("machine %s, platform %s: UDP segmentation is %s"
                .formatted(resolution.machine(), resolution.platform(), usoPromised ? "promised" : "not promised"));
        say("provisioning the guest lab (QEMU, kernel, initramfs)");
        Lab lab = Lab.find();
        lab.provision();

        Path directory = Files.createTempDirectory("vhost4j-demo");
        List<Guest> guests = new CopyOnWriteArrayList<>();
        interruption.onRequest(() -> guests.forEach(Guest::kill));
        DemoEvents events = new DemoEvents();
        try (Backend backend = Backend.start(config(directory, resolution), events)) {
            DemoExchanges exchanges = new DemoExchanges(seconds, datagrams, this::say);
            try {
                boot(lab, directory, guests, interruption);
                exchanges.run(guests.get(0), guests.get(1), interruption::requested);
            } catch (GuestFailure | IOException e) {
                // An interruption kills the QEMUs.
                if (!interruption.requested()) {
                    throw e;
                }
            }
            return result(exchanges, events, backend, usoPromised);
        } catch (GuestFailure | SystemError e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            guests.forEach(Guest::close);
            delete(directory);
        }
    }

    /** Prints the results so far, at the end or after an interruption. */
    private int result(DemoExchanges exchanges, DemoEvents events, Backend backend, boolean usoPromised) {
        List<DemoTable.Row> rows = exchanges.rows();
        List<FeatureSet> negotiated = List.of(events.features(0), events.features(1));
        DemoTable table = new DemoTable(rows, negotiated, List.of(backend.counters(0), backend.counters(1)));
        List<String> faults = exchanges.complete()
                ? faults(usoPromised, rows, negotiated, backend.counters(0), backend.counters(1))
                : List.of("interrupted after %d exchanges".formatted(rows.size()));
        if (json) {
            System.out.print(table.json(faults));
        } else {
            System.out.println();
            System.out.print(table.text());
            faults.forEach(fault -> System.out.println("FAILED: " + fault));
            System.out.println(faults.isEmpty() ? verdict(usoPromised) : "");
        }
        return faults.isEmpty() ? 0 : 1;
    }

    private Resolution resolve() throws IOException {
        DeviceCapabilities device = DeviceCapabilities.vhost4j(1, OptionalInt.empty());
        return switch (new Resolver(promise.catalog())
                .resolve(promise.request(device, promise.host(Set.of()), Set.of()))) {
            case Resolution promised -> promised;
            case Refusal refusal -> throw new UnsupportedOption(refusal.message());
        };
    }

    private static BackendConfig config(Path directory, Resolution resolution) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < GUESTS; i++) {
            endpoints.add(Endpoint.listen(directory.resolve("guest" + i + ".sock"), Attach.DEVICE));
        }
        return BackendConfig.builder(endpoints, resolution.offered()).build();
    }

    private void boot(Lab lab, Path directory, List<Guest> guests, Interruption interruption) throws IOException {
        say("booting two guests (-accel " + accel + ")");
        for (int i = 0; i < GUESTS; i++) {
            Endpoint endpoint = Endpoint.listen(directory.resolve("guest" + i + ".sock"), Attach.DEVICE);
            guests.add(Guest.start(
                    lab,
                    // Even if this process is killed, its QEMUs end.
                    List.of("setpriv", "--pdeathsig", "KILL"),
                    "guest" + i,
                    directory,
                    List.of("--qemu", "11", "--accel", accel),
                    AttachHelp.device(endpoint, i, 1)));
            if (interruption.requested()) {
                throw new GuestFailure("interrupted");
            }
        }
        for (int i = 0; i < GUESTS; i++) {
            guests.get(i).waitUntilUp();
            Traffic.configure(guests.get(i), i + 1);
            say("guest" + i + " is up: " + Traffic.address(i + 1) + ", " + Traffic.address6(i + 1));
        }
    }

    private static List<String> faults(
            boolean usoPromised, List<DemoTable.Row> rows, List<FeatureSet> negotiated, Counters... counters) {
        List<String> faults = new ArrayList<>();
        rows.stream().filter(row -> !row.good()).forEach(row -> faults.add(row.what() + ": " + row.result()));
        for (int i = 0; i < counters.length; i++) {
            boolean has = negotiated.get(i).has(Feature.HOST_USO)
                    && negotiated.get(i).has(Feature.GUEST_USO4)
                    && negotiated.get(i).has(Feature.GUEST_USO6);
            boolean hasAny = negotiated.get(i).has(Feature.HOST_USO)
                    || negotiated.get(i).has(Feature.GUEST_USO4)
                    || negotiated.get(i).has(Feature.GUEST_USO6);
            long sent = counters[i].get(Counter.TX_UDP_L4);
            long received = counters[i].get(Counter.RX_UDP_L4);
            if (usoPromised && !has) {
                faults.add("guest" + i + " was promised UDP segmentation and did not negotiate it");
            }
            if (usoPromised && (sent == 0 || received == 0)) {
                faults.add("no UDP super-frame crossed: guest%d sent %d and received %d".formatted(i, sent, received));
            }
            if (!usoPromised && (hasAny || sent + received != 0)) {
                faults.add("guest" + i + " was not promised UDP segmentation and has it");
            }
        }
        return faults;
    }

    private static String verdict(boolean usoPromised) {
        return usoPromised
                ? "UDP super-frames crossed in both directions; nothing was damaged or lost."
                : "UDP segmentation is absent on both guests, as promised; nothing was damaged or lost.";
    }

    private void say(String line) {
        System.err.println("demo: " + line);
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
