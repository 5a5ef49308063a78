// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.PlatformSupport;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code vhost4j platform labels}: prints the platforms of this host for Node Feature Discovery's local source ({@code
 * /etc/kubernetes/node-feature-discovery/features.d}), one label per line.
 */
@Command(
        name = "labels",
        description = "Prints the platforms that this host supports as labels for Kubernetes' Node Feature Discovery.",
        mixinStandardHelpOptions = true)
final class LabelsCommand implements Callable<Integer> {
    private static final String PREFIX = "vhost4j-platform.";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--emulate", description = "Includes platforms that need --missing=emulate.")
    private boolean emulate;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Mixin
    private NetdevOption netdev = new NetdevOption();

    @Mixin
    private DefinitionOptions definitions = new DefinitionOptions();

    @Mixin
    private HostOptions hosts = new HostOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PlatformCatalog catalog = definitions.catalog(spec.commandLine().getErr());
        HostCapabilities host;
        try {
            host = hosts.all().getFirst();
        } catch (IOException e) {
            return Failure.report(spec.commandLine().getErr(), e.getMessage());
        }
        List<String> labels = labels(catalog, host, netdev.uses(), emulate);
        if (json) {
            ObjectNode root = JsonOutput.of("platform-labels");
            ObjectNode all = root.putObject("labels");
            labels.forEach(label -> all.put(label, "true"));
            out.print(JsonOutput.text(root));
        } else {
            labels.forEach(label -> out.print(label + "=true\n"));
        }
        out.flush();
        return 0;
    }

    /**
     * Returns the labels. Names and aliases that are too long for a label are refused when definitions are read.
     *
     * @param catalog the platforms
     * @param host the host
     * @param uses the ways in which the kernel of a node is used
     * @param emulate whether software may replace missing capabilities
     * @return the labels' names
     */
    private static List<String> labels(
            PlatformCatalog catalog, HostCapabilities host, Set<HostUse> uses, boolean emulate) {
        List<String> labels = new ArrayList<>();
        for (PlatformDefinition platform : catalog.platforms()) {
            PlatformSupport support = PlatformSupport.of(platform, host, uses);
            if (support.isNative() || (emulate && support.isPossible())) {
                labels.add(PREFIX + platform.name());
                platform.aliases().forEach(alias -> labels.add(PREFIX + alias));
            }
        }
        return labels;
    }
}
