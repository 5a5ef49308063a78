// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.Outcome;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.PlatformSupport;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j platform check}: checks whether hosts support a platform. */
@Command(
        name = "check",
        description =
                "Checks whether hosts support a platform, with the same machine, settings and queues as 'run'; with --netdev "
                        + "for a plain QEMU. Status 0 if all hosts support it without emulation, 1 otherwise.",
        mixinStandardHelpOptions = true)
final class CheckCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "A platform.")
    @SuppressWarnings("NullAway.Init")
    private String name;

    @Option(
            names = "--queues",
            paramLabel = "N",
            description = "Queue pairs of a guest (default: 1). Several need a TAP with several queues.")
    private int queues = 1;

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
        PrintWriter err = spec.commandLine().getErr();
        PlatformCatalog catalog = definitions.catalog(err);
        if (queues < 1 || queues > 127) {
            return Failure.report(err, "--queues=" + queues + ": a guest has 1 to 127 queue pairs");
        }
        boolean everything = name.equals("host");
        Optional<PlatformDefinition> platform = catalog.platform(name);
        if (platform.isEmpty() && !everything) {
            return Failure.report(err, catalog.noSuchPlatform(name));
        }
        List<HostCapabilities> all;
        try {
            all = hosts.all();
        } catch (IOException e) {
            return Failure.report(err, e.getMessage());
        }
        String real = platform.map(PlatformDefinition::name).orElse(name);
        String inFull = real.equals(name) ? name : name + " (" + real + ")";
        Resolver resolver = new Resolver(catalog);
        DeviceCapabilities device = netdev.given().isPresent()
                ? DeviceCapabilities.qemu(queues)
                : DeviceCapabilities.vhost4j(queues, OptionalInt.empty());
        ObjectNode root = JsonOutput.of("platform-check").put("platform", real);
        ArrayNode verdicts = root.putArray("hosts");
        StringBuilder text = new StringBuilder();
        boolean kept = true;
        for (HostCapabilities host : all) {
            Outcome outcome = resolver.resolve(definitions.request(device, host, netdev.uses(), name));
            List<HostCapability> lacked = outcome instanceof Refusal refusal ? refusal.missing() : List.of();
            if (outcome instanceof Refusal refusal && lacked.isEmpty()) {
                return Failure.report(err, refusal.message());
            }
            boolean possible = lacked.stream()
                    .allMatch(capability -> capability.softwareFallback().isPresent());
            JsonOutput.lacked(
                    verdicts.addObject()
                            .put("host", host.host())
                            .put("kept", lacked.isEmpty())
                            .put("software", possible)
                            .putArray("lacks"),
                    host,
                    lacked);
            String verdict = platform.map(known -> new PlatformSupport(known, host, lacked).inWords())
                    .orElse("supported: it promises what this host has");
            text.append(host.host() + ": " + inFull + " " + verdict + "\n");
            kept &= lacked.isEmpty();
        }
        out.print(json ? JsonOutput.text(root) : text);
        out.flush();
        return kept ? 0 : 1;
    }
}
