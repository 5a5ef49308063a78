// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.vhost4j.platform.definition.Baseline;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.PlatformSupport;
import org.vhost4j.platform.probe.HostCapabilities;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j platform baseline}: prints the newest platform that every host of a cluster supports. */
@Command(
        name = "baseline",
        description = "Prints the newest platform that all hosts support, and which host prevents each newer one.",
        mixinStandardHelpOptions = true)
final class BaselineCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Probes, from 'platform probe --json' on each host.")
    @SuppressWarnings("NullAway.Init")
    private List<Path> files;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Mixin
    private NetdevOption netdev = new NetdevOption();

    @Mixin
    private DefinitionOptions definitions = new DefinitionOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<HostCapabilities> hosts;
        try {
            hosts = HostOptions.read(files);
        } catch (IOException e) {
            return Failure.report(err, e.getMessage());
        }
        Baseline baseline = Baseline.of(definitions.catalog(err), hosts, netdev.uses());
        out.print(json ? json(baseline) : text(baseline));
        out.flush();
        return baseline.newest().isPresent()
                ? 0
                : Failure.report(
                        err, "There is no platform that all " + hosts.size() + " hosts support without emulation.");
    }

    private static String text(Baseline baseline) {
        StringBuilder text = new StringBuilder();
        for (Baseline.Obstacle obstacle : baseline.obstacles()) {
            for (PlatformSupport support : obstacle.hosts()) {
                text.append("not " + obstacle.platform().name() + ": "
                        + support.host().host() + " " + support.lacking()
                        + (support.isPossible() ? " (supported with --missing=emulate)" : "") + "\n");
            }
        }
        baseline.newest()
                .ifPresent(newest -> text.append("baseline: " + newest.name()
                        + newest.aliases().stream().map(alias -> ", " + alias).collect(Collectors.joining()) + "\n"));
        if (!baseline.others().isEmpty()) {
            text.append("also supported by all: "
                    + baseline.others().stream().map(PlatformDefinition::name).collect(Collectors.joining(", "))
                    + "\n");
        }
        return text.toString();
    }

    private static String json(Baseline baseline) {
        ObjectNode root = JsonOutput.of("platform-baseline");
        baseline.newest().ifPresent(newest -> JsonOutput.names(root.putObject("baseline"), newest));
        JsonOutput.words(
                root.putArray("also-kept"),
                baseline.others().stream().map(PlatformDefinition::name).toList());
        ArrayNode obstacles = root.putArray("obstacles");
        for (Baseline.Obstacle obstacle : baseline.obstacles()) {
            for (PlatformSupport support : obstacle.hosts()) {
                JsonOutput.lacked(
                        obstacles
                                .addObject()
                                .put("platform", obstacle.platform().name())
                                .put("host", support.host().host())
                                .put("software", support.isPossible())
                                .putArray("lacks"),
                        support.host(),
                        support.lacked());
            }
        }
        return JsonOutput.text(root);
    }
}
