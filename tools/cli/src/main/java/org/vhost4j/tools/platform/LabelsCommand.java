// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.PlatformSupport;
import org.vhost4j.platform.probe.HostCapabilities;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code vhost4j platform labels}: the platforms of this host for Node Feature Discovery's local source
 * ({@code /etc/kubernetes/node-feature-discovery/features.d}), one label a line.
 */
@Command(
        name = "labels",
        description = "Prints the platforms that this host keeps as labels for Kubernetes' Node Feature Discovery.",
        mixinStandardHelpOptions = true)
final class LabelsCommand implements Callable<Integer> {
    private static final String PREFIX = "vhost4j-platform.";
    /** The longest name that a Kubernetes label can have, without its domain. */
    private static final int LONGEST = 63;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--emulate", description = "Also those that --missing=emulate keeps in software.")
    private boolean emulate;

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
        out.print(text(catalog, host, emulate));
        out.flush();
        return 0;
    }

    /**
     * The labels.
     *
     * @param catalog the platforms
     * @param host the host
     * @param emulate whether software may stand in
     * @return lines, each with its end
     */
    static String text(PlatformCatalog catalog, HostCapabilities host, boolean emulate) {
        StringBuilder text = new StringBuilder();
        for (PlatformDefinition platform : catalog.platforms()) {
            PlatformSupport support = PlatformSupport.of(platform, host, HostOptions.USES);
            if (!support.isNative() && !(emulate && support.isPossible())) {
                continue;
            }
            Stream.concat(Stream.of(platform.name()), platform.aliases().stream())
                    .map(name -> PREFIX + name)
                    .forEach(label -> text.append(label.length() > LONGEST ? "# too long for a label: " : "")
                            .append(label)
                            .append("=true\n"));
        }
        return text.toString();
    }
}
