// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.vhost4j.tools.CannotBeHonoured;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code vhost4j bench peer}: DPDK's virtio-user driver on one core against DPDK's vhost back-end and against ours on another,
 * turn by turn.
 */
@Command(
        name = "peer",
        description =
                "Measures frames a second beside DPDK: its virtio-user driver on one core sends to, and receives from, "
                        + "its own vhost back-end and ours on another core, in turn. Ends with status 1 when the two sides of a pair "
                        + "have not counted the same frames.",
        mixinStandardHelpOptions = true)
final class PeerCommand implements Callable<Integer> {
    /** The smallest frame that dpdk-testpmd makes: Ethernet, IPv4 and UDP headers, padded to Ethernet's least without FCS. */
    private static final int LEAST_BYTES = 60;

    private static final int MOST_BYTES = 1518;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Rounds, in each of which each back-end has a turn (default: ${DEFAULT-VALUE}).")
    private int rounds = 7;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description = "How long a turn is measured (default: ${DEFAULT-VALUE}).")
    private double seconds = 2;

    @Option(
            names = "--warm-up",
            paramLabel = "S",
            description = "How long frames flow before the first round; not measured (default: ${DEFAULT-VALUE}).")
    private double warmUp = 5;

    @Option(
            names = "--sizes",
            paramLabel = "BYTES",
            split = ",",
            description = "Frame sizes without FCS, 60 to 1518 (default: ${DEFAULT-VALUE}).")
    private List<Integer> sizes = List.of(64, 1500);

    @Option(
            names = "--directions",
            paramLabel = "send|receive",
            split = ",",
            description = "Which way frames go, in the guest's words (default: send,receive).")
    private List<String> directions = List.of("send", "receive");

    @Option(
            names = "--mergeable",
            paramLabel = "on|off",
            split = ",",
            description = "Whether the driver accepts MRG_RXBUF (default: on,off).")
    private List<String> mergeable = List.of("on", "off");

    @Option(
            names = "--ring",
            paramLabel = "split|packed",
            split = ",",
            description = "Which rings the driver has (default: split).")
    private List<String> rings = List.of("split");

    @Option(
            names = "--front-end-core",
            paramLabel = "CORE",
            description = "Where the driver runs (default: ${DEFAULT-VALUE}).")
    private int frontEndCore = 0;

    @Option(
            names = "--back-end-core",
            paramLabel = "CORE",
            description = "Where the back-ends run (default: ${DEFAULT-VALUE}).")
    private int backEndCore = 1;

    @Option(names = "--json", description = "JSON instead of a table; what happens meanwhile goes to standard error.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Plan plan = plan();
        Children.require(Testpmd.PROGRAM, Testpmd.REMEDY);
        for (String program : List.of("taskset", "setpriv", "stdbuf", "kill")) {
            Children.require(program, "it is part of util-linux, coreutils or procps");
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter progress = json ? spec.commandLine().getErr() : out;
        PeerReport report;
        try (Children children = new Children()) {
            report = run(children, plan, progress);
        }
        out.print(json ? report.json() + "\n" : "\n" + report.table());
        out.flush();
        return report.agrees() ? 0 : 1;
    }

    private static PeerReport run(Children children, Plan plan, PrintWriter progress) throws IOException {
        String version = "";
        List<Comparison> comparisons = new ArrayList<>();
        for (Row row : plan.rows()) {
            progress.println(row);
            progress.flush();
            try (Pair dpdk = Pair.start(BackEnd.Kind.DPDK, children, plan, row);
                    Pair ours = Pair.start(BackEnd.Kind.OURS, children, plan, row)) {
                version = dpdk.version();
                List<Round> done = new ArrayList<>();
                for (int number = 1; number <= plan.rounds(); number++) {
                    Round round = new Round(dpdk.turn(plan.turn()), ours.turn(plan.turn()));
                    done.add(round);
                    progress.println(PeerReport.line(number, round));
                    progress.flush();
                }
                comparisons.add(new Comparison(row, done, dpdk.end(), ours.end()));
            }
        }
        return new PeerReport(version, plan, comparisons);
    }

    private Plan plan() {
        if (rounds < 1 || rounds > 1000) {
            throw new CannotBeHonoured("--rounds=" + rounds + ": from 1 to 1000");
        }
        checkCore("--front-end-core", frontEndCore);
        checkCore("--back-end-core", backEndCore);
        if (frontEndCore == backEndCore) {
            throw new CannotBeHonoured("--front-end-core and --back-end-core are both " + frontEndCore
                    + ": each side polls all the time and needs a core of its own");
        }
        List<Row> rows = new ArrayList<>();
        for (String direction : directions) {
            for (int size : sizes) {
                if (size < LEAST_BYTES || size > MOST_BYTES) {
                    throw new CannotBeHonoured(
                            "--sizes=%d: a frame has %d to %d bytes".formatted(size, LEAST_BYTES, MOST_BYTES));
                }
                for (String on : mergeable) {
                    for (String ring : rings) {
                        rows.add(new Row(direction(direction), size, onOff(on), packed(ring)));
                    }
                }
            }
        }
        return new Plan(
                rows,
                rounds,
                duration("--seconds", seconds, 0.1),
                duration("--warm-up", warmUp, 0),
                frontEndCore,
                backEndCore);
    }

    private static Duration duration(String option, double seconds, double least) {
        if (!(seconds >= least && seconds <= 3600)) {
            throw new CannotBeHonoured("%s=%s: from %s to 3600 seconds".formatted(option, seconds, least));
        }
        return Duration.ofMillis(Math.round(1000 * seconds));
    }

    private static Direction direction(String name) {
        return switch (name) {
            case "send" -> Direction.SEND;
            case "receive" -> Direction.RECEIVE;
            default -> throw new CannotBeHonoured("--directions=" + name + ": send or receive");
        };
    }

    private static boolean packed(String name) {
        return switch (name) {
            case "split" -> false;
            case "packed" -> true;
            default -> throw new CannotBeHonoured("--ring=" + name + ": split or packed");
        };
    }

    private static boolean onOff(String name) {
        return switch (name) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new CannotBeHonoured("--mergeable=" + name + ": on or off");
        };
    }

    private static void checkCore(String option, int core) {
        if (core < 0 || !Files.isDirectory(Path.of("/sys/devices/system/cpu/cpu" + core))) {
            throw new CannotBeHonoured("%s=%d: this host has no such core".formatted(option, core));
        }
    }
}
