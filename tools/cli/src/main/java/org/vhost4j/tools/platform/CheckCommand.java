// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.PlatformSupport;
import org.vhost4j.platform.probe.HostCapabilities;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j platform check}: whether hosts keep a platform. */
@Command(
        name = "check",
        description = "Tells whether hosts keep a platform. Status 0 when all do by themselves, 1 when not.",
        mixinStandardHelpOptions = true)
final class CheckCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "A platform.")
    @SuppressWarnings("NullAway.Init")
    private String name;

    @Mixin
    private DefinitionOptions definitions = new DefinitionOptions();

    @Mixin
    private HostOptions hosts = new HostOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        PlatformCatalog catalog = definitions.catalog(err);
        Optional<PlatformDefinition> platform = catalog.platform(name);
        if (platform.isEmpty()) {
            return Failure.report(err, catalog.noSuchPlatform(name));
        }
        List<HostCapabilities> all;
        try {
            all = hosts.all();
        } catch (IOException e) {
            return Failure.report(err, e.getMessage());
        }
        String real = platform.get().name();
        String inFull = real.equals(name) ? name : name + " (" + real + ")";
        boolean kept = true;
        for (HostCapabilities host : all) {
            PlatformSupport support = PlatformSupport.of(platform.get(), host, HostOptions.USES);
            out.println(host.host() + ": " + inFull + " " + support.inWords());
            kept &= support.isNative();
        }
        out.flush();
        return kept ? 0 : 1;
    }
}
