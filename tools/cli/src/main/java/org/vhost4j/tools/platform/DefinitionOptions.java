// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.SearchPath;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import picocli.CommandLine.Option;

/** The options of commands that read definitions and do not probe this host. */
final class DefinitionOptions {
    @Option(
            names = {"--machine", "-machine"},
            paramLabel = "NAME",
            description = "The QEMU machine type. Default: the newest q35.")
    private @Nullable String machine;

    @Option(
            names = "--set",
            paramLabel = "PROPERTY=VALUE",
            split = ",",
            description = "A property of virtio-net by QEMU's name, such as host_uso=off.")
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(
            names = "--platform-dir",
            paramLabel = "DIR",
            converter = DirectoryConverter.class,
            description = "An additional directory of platform definitions, and of machine definitions in its "
                    + "directory machines, which overrides all others.")
    private List<Path> directories = new ArrayList<>();

    /**
     * Returns the catalog of all definitions found.
     *
     * @param err receives a line for each definition that was ignored
     * @return the catalog
     */
    PlatformCatalog catalog(PrintWriter err) {
        PlatformCatalog catalog = SearchPath.of(System.getenv(), directories).load();
        catalog.problems().forEach(err::println);
        return catalog;
    }

    /**
     * Returns the request for a promise.
     *
     * @param device capabilities of the device
     * @param host capabilities of the host
     * @param uses the ways in which the kernel is used
     * @param platform name of the platform
     * @return the request, for a resolver
     */
    Request request(DeviceCapabilities device, HostCapabilities host, Set<HostUse> uses, String platform) {
        return new Request(
                Optional.ofNullable(machine),
                Optional.of(platform),
                settings,
                MissingPolicy.REFUSE,
                uses,
                device,
                host);
    }
}
