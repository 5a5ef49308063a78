// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.Evidence;
import org.vhost4j.platform.definition.Outcome;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.ResolvedProperty;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.tools.common.Table;
import org.vhost4j.tools.common.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j platform show}: prints every property of a platform on a machine, and the layer that decided it. */
@Command(
        name = "show",
        description = "Prints the features of a platform on a machine, and which layer decided each property.",
        mixinStandardHelpOptions = true)
final class ShowCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "A platform.")
    @SuppressWarnings("NullAway.Init")
    private String name;

    @Option(
            names = "--queues",
            paramLabel = "N",
            description = "Queue pairs of the device (default: ${DEFAULT-VALUE}).")
    private int queuePairs = 1;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Mixin
    private DefinitionOptions definitions = new DefinitionOptions();

    @Mixin
    private HostOptions hosts = new HostOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        PlatformCatalog catalog = definitions.catalog(err);
        DeviceCapabilities device = DeviceCapabilities.vhost4j(queuePairs, OptionalInt.empty());
        Request request;
        try {
            request = hosts.forPlatform(
                    name, definitions.request(device, HostCapabilities.NOT_PROBED, Set.of(), name), HostOptions.USES);
        } catch (IOException e) {
            return Failure.report(err, e.getMessage());
        }
        Outcome outcome = new Resolver(catalog).resolve(request);
        if (outcome instanceof Refusal refusal) {
            return Failure.report(err, refusal.message());
        }
        Resolution resolution = (Resolution) outcome;
        Optional<PlatformDefinition> platform = catalog.platform(name);
        if (json) {
            out.print(PromiseJson.text(resolution, platform));
            out.flush();
            return 0;
        }
        out.println("Platform " + resolution.platform()
                + platform.map(each -> " (" + each.title() + ")").orElse("") + " on machine " + resolution.machine());
        platform.ifPresent(each -> printDefinition(each, out));
        Table table = new Table();
        table.row("PROPERTY", "VALUE", "TO THE GUEST", "DECIDED");
        for (ResolvedProperty property : resolution.properties()) {
            table.row(
                    property.property().qualifiedName(),
                    property.value(),
                    property.availability().title(),
                    property.provenance());
        }
        out.print(table.text(Terminal.columnsOfRecords()));
        List<String> withoutProperty = resolution.withoutProperty();
        if (!withoutProperty.isEmpty()) {
            out.println("Decided by the device alone, regardless of options: " + String.join(", ", withoutProperty));
        }
        out.println(
                "Offered: " + resolution.offered() + " (" + resolution.offered().hex() + ")");
        resolution.withheld().forEach(out::println);
        resolution.notes().forEach(out::println);
        out.flush();
        return 0;
    }

    private static void printDefinition(PlatformDefinition platform, PrintWriter out) {
        out.println("Defined in " + platform.origin()
                + platform.parent().map(parent -> ", on top of " + parent).orElse("")
                + (platform.aliases().isEmpty() ? "" : ", also called " + String.join(", ", platform.aliases())));
        platform.deprecated().ifPresent(why -> out.println("Deprecated: " + why));
        out.println("Requires of the host: "
                + String.join(
                        ", ",
                        platform.requires().stream().map(HostCapability::id).toList()));
        for (Evidence evidence : platform.evidence()) {
            out.println("Evidence for " + String.join(", ", evidence.of()) + ": " + evidence.source());
        }
    }
}
