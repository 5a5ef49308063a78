// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostUse;
import picocli.CommandLine.Option;

/** The option that selects the hosts for a command: files with probes, or this host by default. */
final class HostOptions {
    /** The default uses of the kernel, for guests that are connected through a TAP. */
    static final Set<HostUse> USES = EnumSet.of(HostUse.TAP);

    @Option(
            names = "--host-capabilities",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Probes of the hosts, from 'platform probe --json' on each. Default: this host.")
    private List<Path> files = new ArrayList<>();

    /**
     * Returns the hosts.
     *
     * @return the hosts, at least one
     * @throws IOException when a file is invalid or cannot be read; the message is one sentence for the user
     */
    List<HostCapabilities> all() throws IOException {
        return files.isEmpty() ? List.of(ThisHost.ask()) : read(files);
    }

    /**
     * Returns the hosts that were named.
     *
     * @return a host for each file; empty when no file was named
     * @throws IOException when a file is invalid or cannot be read; the message is one sentence for the user
     */
    List<HostCapabilities> named() throws IOException {
        return read(files);
    }

    /**
     * Adds the host's capabilities to a request for the platform {@code host}, whose features depend on the host's TAP. All other platforms
     * are the same on every host, so the host is not probed for them. A named file is always read, and must be valid.
     *
     * @param platform name of the platform
     * @param request a request without a host
     * @param uses the ways in which guests use the host's kernel
     * @return the request to resolve
     * @throws IOException when a file is invalid or cannot be read; the message is one sentence for the user
     */
    Request forPlatform(String platform, Request request, Set<HostUse> uses) throws IOException {
        List<HostCapabilities> given = named();
        if (!platform.equals("host")) {
            return request;
        }
        return request.withHost(given.isEmpty() ? ThisHost.ask() : given.getFirst())
                .withUses(uses);
    }

    /**
     * Reads probes.
     *
     * @param files the files
     * @return a host for each file
     * @throws IOException when a file is invalid or cannot be read; the message is one sentence for the user
     */
    static List<HostCapabilities> read(List<Path> files) throws IOException {
        List<HostCapabilities> hosts = new ArrayList<>();
        for (Path file : files) {
            hosts.add(HostCapabilitiesJson.read(file));
        }
        return hosts;
    }
}
