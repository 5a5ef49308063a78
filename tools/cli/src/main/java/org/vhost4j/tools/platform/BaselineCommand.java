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
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j platform baseline}: the newest platform that every host of a cluster keeps. */
@Command(
        name = "baseline",
        description =
                "Prints the newest platform that all hosts keep, and which host stands in the way of each newer one.",
        mixinStandardHelpOptions = true)
final class BaselineCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Probes, from 'platform probe --json' on each host.")
    @SuppressWarnings("NullAway.Init")
    private List<Path> files;

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
        Baseline baseline = Baseline.of(definitions.catalog(err), hosts, HostOptions.USES);
        for (Baseline.Obstacle obstacle : baseline.obstacles()) {
            for (PlatformSupport support : obstacle.hosts()) {
                out.println("not " + obstacle.platform().name() + ": "
                        + support.host().host() + " " + support.lacking()
                        + (support.isPossible() ? " (--missing=emulate keeps it in software)" : ""));
            }
        }
        if (baseline.newest().isEmpty()) {
            out.flush();
            return Failure.report(err, "There is no platform that all " + hosts.size() + " hosts keep by themselves.");
        }
        out.println("baseline: " + baseline.newest().get().name()
                + baseline.newest().get().aliases().stream()
                        .map(alias -> ", " + alias)
                        .collect(Collectors.joining()));
        if (!baseline.others().isEmpty()) {
            out.println("also kept by all: "
                    + baseline.others().stream().map(PlatformDefinition::name).collect(Collectors.joining(", ")));
        }
        out.flush();
        return 0;
    }
}
