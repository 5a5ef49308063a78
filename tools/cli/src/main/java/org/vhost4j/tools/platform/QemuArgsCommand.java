// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.Outcome;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.QemuArguments;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j qemu-args}: prints the arguments for QEMU's own virtio-net device that implement a platform. */
@Command(
        name = "qemu-args",
        description = "Prints the arguments that make a plain QEMU offer a platform's features. Status 1 if a "
                + "host of --host-capabilities lacks a required capability.",
        mixinStandardHelpOptions = true)
public final class QemuArgsCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = {"--platform", "-platform"},
            required = true,
            paramLabel = "NAME",
            description = "A platform.")
    @SuppressWarnings("NullAway.Init")
    private String platform;

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
        Request request =
                definitions.request(DeviceCapabilities.qemu(), HostCapabilities.NOT_PROBED, Set.of(), platform);
        List<HostCapabilities> named;
        try {
            named = hosts.named();
            request = hosts.forPlatform(platform, request, netdev.uses());
        } catch (IOException e) {
            return Failure.report(err, e.getMessage());
        }
        Resolver resolver = new Resolver(catalog);
        Outcome outcome = resolver.resolve(request);
        if (outcome instanceof Refusal refusal) {
            return Failure.report(err, refusal.message());
        }
        Resolution resolution = (Resolution) outcome;
        Map<HostCapabilities, List<HostCapability>> lacking = new LinkedHashMap<>();
        for (HostCapabilities host : named) {
            Request there = definitions.request(DeviceCapabilities.qemu(), host, netdev.uses(), platform);
            if (resolver.resolve(there) instanceof Refusal refusal) {
                lacking.put(host, refusal.missing());
            }
        }
        QemuArguments arguments = QemuArguments.of(resolution, netdev.netdev());
        if (json) {
            out.print(json(resolution, arguments, lacking));
        } else {
            print(resolution, arguments, lacking, out, err);
        }
        out.flush();
        err.flush();
        return lacking.isEmpty() ? 0 : 1;
    }

    private static String device(QemuArguments arguments) {
        StringBuilder device = new StringBuilder("virtio-net-pci,netdev=net0");
        arguments.settings().forEach(setting -> device.append(',').append(setting));
        return device.toString();
    }

    private static void print(
            Resolution resolution,
            QemuArguments arguments,
            Map<HostCapabilities, List<HostCapability>> lacking,
            PrintWriter out,
            PrintWriter err) {
        out.println("-machine " + resolution.machine() + " -device " + device(arguments));
        out.flush();
        err.println("The guest is offered " + arguments.offered() + " ("
                + arguments.offered().hex() + ").");
        lacking.forEach((host, capabilities) -> err.println("Host " + host.host() + " does not support it: "
                + capabilities.stream()
                        .map(capability ->
                                capability + " is " + host.answer(capability).inWords())
                        .collect(Collectors.joining("; "))
                + "."));
        arguments.notes().forEach(err::println);
        resolution.notes().forEach(err::println);
    }

    private static String json(
            Resolution resolution, QemuArguments arguments, Map<HostCapabilities, List<HostCapability>> lacking) {
        ObjectNode root = JsonOutput.of("qemu-args")
                .put("platform", resolution.platform())
                .put("machine", resolution.machine())
                .put("device", device(arguments));
        JsonOutput.words(root.putArray("settings"), arguments.settings());
        JsonOutput.features(root.putObject("offered"), arguments.offered());
        ArrayNode array = root.putArray("hosts-that-lack");
        lacking.forEach((host, capabilities) ->
                JsonOutput.lacked(array.addObject().put("host", host.host()).putArray("lacks"), host, capabilities));
        ArrayNode notes = root.putArray("notes");
        JsonOutput.words(notes, arguments.notes());
        JsonOutput.words(notes, resolution.notes());
        return JsonOutput.text(root);
    }
}
