// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.SearchPath;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that determine the promise to a guest: a mixin for every command that makes or shows a promise. */
public final class PlatformOptions {
    @Option(
            names = {"--platform", "-platform"},
            paramLabel = "NAME",
            description = "The platform, which decides the guests' features; 'host' for everything that this host "
                    + "has, 'help' for the list. Default: the newest platform that this host supports.")
    private @Nullable String platform;

    @Option(
            names = {"--machine", "-machine"},
            paramLabel = "NAME",
            description = "The QEMU machine type of the guests; 'help' for the list. Default: the newest q35.")
    private @Nullable String machine;

    @Option(
            names = "--set",
            paramLabel = "PROPERTY=VALUE",
            split = ",",
            description =
                    "A property of virtio-net by QEMU's name, such as host_uso=off; overrides machine and platform.")
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(
            names = "--missing",
            paramLabel = "refuse|emulate",
            converter = MissingConverter.class,
            description = "If the host lacks a capability that the platform requires: refuse to start (default), "
                    + "or emulate it in software.")
    private MissingPolicy missing = MissingPolicy.REFUSE;

    @Option(
            names = "--host-capabilities",
            paramLabel = "FILE",
            description = "Use this probe (from 'platform probe --json') instead of probing this host.")
    private @Nullable Path hostCapabilities;

    @Option(
            names = "--platform-dir",
            paramLabel = "DIR",
            converter = DirectoryConverter.class,
            description = "An additional directory of platform definitions, which overrides all others.")
    private List<Path> directories = new ArrayList<>();

    /** Converts {@code refuse} and {@code emulate}. */
    static final class MissingConverter implements ITypeConverter<MissingPolicy> {
        @Override
        public MissingPolicy convert(String value) {
            for (MissingPolicy policy : MissingPolicy.values()) {
                if (policy.name().toLowerCase(Locale.ROOT).equals(value)) {
                    return policy;
                }
            }
            throw new TypeConversionException("accepts refuse or emulate, not '" + value + "'");
        }
    }

    @Option(
            names = "--expect-abi",
            paramLabel = "FINGERPRINT",
            description = "Start only if guests will see exactly this ABI, as printed by an earlier start.")
    private @Nullable String expectedAbi;

    /**
     * Returns the catalog of all definitions found.
     *
     * @return the catalog; the caller prints its problems
     */
    public PlatformCatalog catalog() {
        return SearchPath.of(System.getenv(), directories).load();
    }

    /**
     * Returns the host's capabilities, probed or read from the named file.
     *
     * @return its capabilities
     * @throws IOException when the file is invalid or cannot be read; the message is one sentence for the user
     */
    public HostCapabilities host() throws IOException {
        return hostCapabilities == null ? ThisHost.ask() : HostCapabilitiesJson.read(hostCapabilities);
    }

    /**
     * Returns the host's capabilities. The host is not probed for a back-end that does not use the kernel. If a file is
     * named, it is read in any case, and has to be valid.
     *
     * @param uses the ways in which the back-end uses the kernel
     * @return its capabilities; {@link HostCapabilities#NOT_PROBED} when it was not probed
     * @throws IOException when the file is invalid or cannot be read; the message is one sentence for the user
     */
    public HostCapabilities host(Set<HostUse> uses) throws IOException {
        return uses.isEmpty() && hostCapabilities == null ? HostCapabilities.NOT_PROBED : host();
    }

    /**
     * Returns the request for a promise.
     *
     * @param device capabilities of the device
     * @param host capabilities of the host
     * @param uses the ways in which the back-end uses the kernel
     * @return the request, for a resolver
     */
    public Request request(DeviceCapabilities device, HostCapabilities host, Set<HostUse> uses) {
        return new Request(
                Optional.ofNullable(machine), Optional.ofNullable(platform), settings, missing, uses, device, host);
    }

    /**
     * Returns the text for {@code -platform help} or {@code -machine help}.
     *
     * @param catalog the definitions
     * @return the text, to be printed before exit status 0; empty when no help was requested. Platforms are checked for
     *     a back-end with a TAP, because a back-end without a TAP needs no host capability
     * @throws IOException when the file of host capabilities is invalid or cannot be read
     */
    public Optional<String> help(PlatformCatalog catalog) throws IOException {
        if ("help".equals(machine)) {
            return Optional.of(HelpText.machines(catalog));
        }
        return "help".equals(platform)
                ? Optional.of(HelpText.platforms(catalog, host(), HostOptions.USES))
                : Optional.empty();
    }

    /**
     * Compares the device that guests will see with the expected one.
     *
     * @param actual the device that guests will see
     * @throws UnsupportedOption when another device was expected; the message lists every difference
     */
    public void checkAbi(GuestAbi actual) {
        if (expectedAbi == null) {
            return;
        }
        GuestAbi expected;
        try {
            expected = GuestAbi.parse(expectedAbi);
        } catch (IllegalArgumentException e) {
            throw new UnsupportedOption("--expect-abi: " + e.getMessage());
        }
        List<String> differences = expected.differences(actual);
        if (!differences.isEmpty()) {
            throw new UnsupportedOption(
                    "Guests would not see the expected ABI: " + String.join("; ", differences) + ".");
        }
    }
}
