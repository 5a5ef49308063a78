// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.sys.NotifySocket;
import org.vhost4j.tools.common.SignalHandler;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.platform.PlatformOptions;
import org.vhost4j.vhostuser.server.BackendConfig;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code vhost4j run}: runs a back-end, following QEMU's conventions (docs/interop/vhost-user.rst, "Backend program
 * conventions").
 */
@Command(
        name = "run",
        description = "Runs a back-end: a socket for each guest, and a bridge between them.",
        mixinStandardHelpOptions = true)
public final class RunCommand implements Callable<Integer> {
    /** The option that makes all others ignored. */
    public static final String PRINT_CAPABILITIES = "--print-capabilities";

    /** Matches the option to which a message refers. */
    private static final Pattern OPTION = Pattern.compile("--([a-z][a-z-]+)");

    /** The printed capabilities; the schema (docs/interop/vhost-user.json) has no further members for this type. */
    private static final String CAPABILITIES = "{\"type\": \"net\"}";

    @Mixin
    RunOptions options = new RunOptions();

    @Option(
            names = PRINT_CAPABILITIES,
            description = "prints the capabilities as JSON and exits; all other arguments are ignored")
    boolean printCapabilities;

    @Mixin
    PlatformOptions promise = new PlatformOptions();

    /** The file of {@code --config}; null before it was read. */
    private @Nullable ConfigFile file;

    @Spec
    @SuppressWarnings("NullAway.Init")
    CommandSpec spec;

    /** Creates the command, for picocli. */
    public RunCommand() {}

    /**
     * Prints the capabilities.
     *
     * @return exit status
     */
    public static int printCapabilities() {
        System.out.println(CAPABILITIES);
        return 0;
    }

    /** Runs the back-end that the configuration file and the command line describe together. */
    private int with(ConfigFile read) throws IOException {
        CommandLine.ParseResult given = spec.commandLine().getParseResult();
        RunCommand both = new RunCommand();
        both.file = read;
        CommandLine line = new CommandLine(both).setErr(spec.commandLine().getErr());
        line.setExpandAtFiles(false);
        List<String> arguments = new ArrayList<>(read.arguments());
        for (String argument : read.arguments()) {
            String name = argument.replaceFirst("=.*", "");
            CommandLine.Model.OptionSpec option = spec.findOption(name);
            if (option != null && !option.isMultiValue() && given.hasMatchedOption(name)) {
                throw read.wrong("/" + name.substring(2), "the command line has " + name + " as well");
            }
        }
        List<String> own = given.originalArgs();
        // The command's name comes first if it is one of several.
        arguments.addAll(own.subList(own.isEmpty() || !own.getFirst().equals(spec.name()) ? 0 : 1, own.size()));
        try {
            line.parseArgs(arguments.toArray(String[]::new));
            return both.call();
        } catch (CommandLine.ParameterException | UnsupportedOption e) {
            String message = String.valueOf(e.getMessage());
            Matcher option = OPTION.matcher(message);
            throw option.find() && read.root().has(option.group(1)) ? read.wrong("/" + option.group(1), message) : e;
        }
    }

    @Override
    public Integer call() throws IOException {
        if (printCapabilities) {
            return printCapabilities();
        }
        Path path = options.config;
        if (path != null && file == null) {
            return with(ConfigFile.read(path, spec));
        }
        // Checked before opening anything that could use the last descriptor.
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
        // Frames between guests do not use the host's kernel, so it is not probed.
        HostCapabilities host = promise.host(uses);
        Resolution resolution = switch (new Resolver(catalog).resolve(promise.request(options.device(), host, uses))) {
            case Resolution promised -> promised;
            case Refusal refusal -> throw new UnsupportedOption(refusal.message());
        };
        BackendConfig config = options.config(resolution, host);
        GuestAbi abi = options.abi(resolution);
        promise.checkAbi(abi);
        DescriptorLimit.check(config, descriptors);
        // Clients can query the capabilities of this host, whether or not this back-end uses them.
        HostCapabilities probed = options.monitor().isPresent() && uses.isEmpty() ? promise.host() : host;
        options.keepControlCores();
        Daemon daemon = new Daemon(options, promise, catalog, resolution, uses);
        Optional<ConfigFile> configured = Optional.ofNullable(file);
        daemon.whenServed(lines -> configured.ifPresent(first -> {
            ConfigReload reload = new ConfigReload(first, spec, daemon, NotifySocket.ofEnvironment(), lines);
            if (!SignalHandler.handle("HUP", reload::reload)) {
                lines.accept(
                        "SIGHUP does not reload the file: it was ignored when this process started (nohup), or the JVM cannot "
                                + "handle it (-Xrs)");
            }
        }));
        RunningBackend.start(
                        config,
                        resolution,
                        abi,
                        catalog,
                        probed,
                        options.monitor(),
                        options.page(),
                        options.succession(),
                        options.trace(),
                        daemon)
                .awaitEnd();
        return 0;
    }
}
