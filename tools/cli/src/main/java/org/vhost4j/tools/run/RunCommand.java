// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.platform.PlatformOptions;
import org.vhost4j.vhostuser.server.BackendConfig;
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
    /** The option that has all others ignored. */
    public static final String PRINT_CAPABILITIES = "--print-capabilities";

    /** The schema (docs/interop/vhost-user.json) has no further members for this type. */
    private static final String CAPABILITIES = "{\"type\": \"net\"}";

    @Mixin
    RunOptions options = new RunOptions();

    @Option(
            names = PRINT_CAPABILITIES,
            description = "prints the capabilities as JSON and ends, whatever else is given")
    boolean printCapabilities;

    @Mixin
    PlatformOptions promise = new PlatformOptions();

    @Spec
    @SuppressWarnings("NullAway.Init")
    CommandSpec spec;

    /** For picocli. */
    public RunCommand() {}

    /**
     * Prints the capabilities.
     *
     * @return the status
     */
    public static int printCapabilities() {
        System.out.println(CAPABILITIES);
        return 0;
    }

    @Override
    public Integer call() throws IOException {
        if (printCapabilities) {
            return printCapabilities();
        }
        // Asked before anything is open that could be the last descriptor.
        OptionalLong descriptors = DescriptorLimit.limit();
        Set<HostUse> uses = options.readPorts();
        PlatformCatalog catalog = promise.catalog();
        catalog.problems().forEach(spec.commandLine().getErr()::println);
        Optional<String> help = promise.help(catalog);
        if (help.isPresent()) {
            System.out.print(help.get());
            return 0;
        }
        options.read();
        // Between guests nothing of the host's kernel is used, so nothing has to be asked of it.
        HostCapabilities host = promise.host(uses);
        Resolution resolution = switch (new Resolver(catalog).resolve(promise.request(options.device(), host, uses))) {
            case Resolution promised -> promised;
            case Refusal refusal -> throw new UnsupportedOption(refusal.message());
        };
        BackendConfig config = options.config(resolution, host);
        GuestAbi abi = options.abi(resolution);
        promise.checkAbi(abi);
        DescriptorLimit.check(config, descriptors);
        // Clients ask what this host supports, whether or not this back-end leans on it.
        HostCapabilities probed = options.monitor().isPresent() && uses.isEmpty() ? promise.host() : host;
        options.keepControlCores();
        Daemon daemon = new Daemon(options, promise, catalog, resolution, uses);
        RunningBackend.start(config, resolution, abi, catalog, probed, options.monitor(), options.succession(), daemon)
                .awaitEnd();
        return 0;
    }
}
