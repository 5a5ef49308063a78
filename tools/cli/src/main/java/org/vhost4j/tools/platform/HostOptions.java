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

/** The hosts that a command is about: files, or this one. */
final class HostOptions {
    /** Platforms are judged for hosts whose guests reach the network through a TAP. */
    static final Set<HostUse> USES = EnumSet.of(HostUse.TAP);

    @Option(
            names = "--host-capabilities",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Probes of the hosts, from 'platform probe --json' on each. Default: this host.")
    private List<Path> files = new ArrayList<>();

    /**
     * The hosts.
     *
     * @return at least one
     * @throws IOException when a file is not good; the message is one sentence for the user
     */
    List<HostCapabilities> all() throws IOException {
        return files.isEmpty() ? List.of(ThisHost.ask()) : read(files);
    }

    /**
     * The hosts that were named.
     *
     * @return a host for each file; empty when no file was named
     * @throws IOException when a file is not good; the message is one sentence for the user
     */
    List<HostCapabilities> named() throws IOException {
        return read(files);
    }

    /**
     * Adds the host to a request for the platform {@code host}, which means whatever that host's TAP gives. Every other platform
     * means the same everywhere, and no host is asked; but a file that was named is read, and has to be good.
     *
     * @param platform the platform's name
     * @param request a request that asks nothing of a host
     * @param uses in which ways that host's kernel is used
     * @return the request to resolve
     * @throws IOException when a file is not good; the message is one sentence for the user
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
     * @return a host each
     * @throws IOException when a file is not good; the message is one sentence for the user
     */
    static List<HostCapabilities> read(List<Path> files) throws IOException {
        List<HostCapabilities> hosts = new ArrayList<>();
        for (Path file : files) {
            hosts.add(HostCapabilitiesJson.read(file));
        }
        return hosts;
    }
}
