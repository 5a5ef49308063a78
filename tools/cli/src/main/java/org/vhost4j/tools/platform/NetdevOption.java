// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.definition.QemuArguments.Netdev;
import org.vhost4j.platform.probe.HostUse;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What network cards are attached to: each is judged by what its own back-end needs of the host. */
final class NetdevOption {
    @Option(
            names = "--netdev",
            paramLabel = "tap|vhost-net|vhost-user",
            converter = Converter.class,
            description = "What the network cards of a plain QEMU are attached to: a TAP, a TAP with vhost=on, or a"
                    + " vhost-user back-end.")
    private @Nullable Netdev netdev;

    /** Takes the names. */
    static final class Converter implements ITypeConverter<Netdev> {
        @Override
        public Netdev convert(String value) {
            for (Netdev each : Netdev.values()) {
                if (each.id().equals(value)) {
                    return each;
                }
            }
            throw new TypeConversionException("takes tap, vhost-net or vhost-user, not '" + value + "'");
        }
    }

    /**
     * What was given.
     *
     * @return the netdev, or nothing
     */
    Optional<Netdev> given() {
        return Optional.ofNullable(netdev);
    }

    /**
     * What is meant.
     *
     * @return the netdev; a TAP when none was given
     */
    Netdev netdev() {
        return given().orElse(Netdev.TAP);
    }

    /**
     * What it needs of the host.
     *
     * @return in which ways the kernel is used
     */
    Set<HostUse> uses() {
        return netdev().uses();
    }
}
