// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.Outcome;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.QemuArguments;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code vhost4j qemu-args}: the platform idea for people who run plain QEMU. */
@Command(
        name = "qemu-args",
        description = "Prints the arguments that make a plain QEMU promise what a platform says.",
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

    @Option(
            names = "--netdev",
            paramLabel = "tap|vhost-user",
            converter = NetdevConverter.class,
            description = "What the device is attached to (default: tap).")
    private QemuArguments.Netdev netdev = QemuArguments.Netdev.TAP;

    @Mixin
    private DefinitionOptions definitions = new DefinitionOptions();

    @Mixin
    private HostOptions hosts = new HostOptions();

    /** Takes {@code tap} and {@code vhost-user}. */
    static final class NetdevConverter implements ITypeConverter<QemuArguments.Netdev> {
        @Override
        public QemuArguments.Netdev convert(String value) {
            for (QemuArguments.Netdev netdev : QemuArguments.Netdev.values()) {
                if (netdev.id().equals(value)) {
                    return netdev;
                }
            }
            throw new TypeConversionException("takes tap or vhost-user, not '" + value + "'");
        }
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        PlatformCatalog catalog = definitions.catalog(err);
        Request request =
                definitions.request(DeviceCapabilities.qemu(), HostCapabilities.NOTHING_ASKED, Set.of(), platform);
        try {
            if (netdev == QemuArguments.Netdev.TAP) {
                request = hosts.forPlatform(platform, request);
            }
        } catch (IOException e) {
            return Failure.report(err, e.getMessage());
        }
        Outcome outcome = new Resolver(catalog).resolve(request);
        if (outcome instanceof Refusal refusal) {
            return Failure.report(err, refusal.message());
        }
        Resolution resolution = (Resolution) outcome;
        QemuArguments arguments = QemuArguments.of(resolution, netdev);
        StringBuilder device = new StringBuilder("virtio-net-pci,netdev=net0");
        arguments.settings().forEach(setting -> device.append(',').append(setting));
        out.println("-machine " + resolution.machine() + " -device " + device);
        out.flush();
        err.println("The guest is offered " + arguments.offered() + " ("
                + arguments.offered().hex() + ").");
        arguments.notes().forEach(err::println);
        resolution.notes().forEach(err::println);
        err.flush();
        return 0;
    }
}
