// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;

/**
 * The features that an operator requests for a guest, by machine, platform and settings.
 *
 * @param machine the machine's name or alias; empty for the default machine
 * @param platform the platform's name or alias, or {@code host}; empty for the newest one that the host supports
 * @param settings the operator's own settings: values by property, in the order given; {@code auto} leaves a property to the platform
 * @param missing policy for capabilities that the host lacks
 * @param uses the kernel interfaces that the back-end uses
 * @param device capabilities of the device
 * @param host capabilities of the host
 */
public record Request(
        Optional<String> machine,
        Optional<String> platform,
        Map<String, String> settings,
        MissingPolicy missing,
        Set<HostUse> uses,
        DeviceCapabilities device,
        HostCapabilities host) {
    /** Copies the collections. */
    public Request {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        Set<HostUse> copy = EnumSet.noneOf(HostUse.class);
        copy.addAll(uses);
        uses = Collections.unmodifiableSet(copy);
    }

    /**
     * Returns a request for the default machine on the newest platform that a host with a TAP port supports.
     *
     * @param device capabilities of the device
     * @param host capabilities of the host
     * @return the request, to be narrowed with the {@code with} methods
     */
    public static Request of(DeviceCapabilities device, HostCapabilities host) {
        return new Request(
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                MissingPolicy.REFUSE,
                EnumSet.of(HostUse.TAP),
                device,
                host);
    }

    /**
     * Returns the same request for another machine.
     *
     * @param name name or alias of the machine
     * @return the new request
     */
    public Request withMachine(String name) {
        return new Request(Optional.of(name), platform, settings, missing, uses, device, host);
    }

    /**
     * Returns the same request for another platform.
     *
     * @param name name or alias of the platform, or {@code host}
     * @return the new request
     */
    public Request withPlatform(String name) {
        return new Request(machine, Optional.of(name), settings, missing, uses, device, host);
    }

    /**
     * Returns the same request with other settings.
     *
     * @param values values by property
     * @return the new request
     */
    public Request withSettings(Map<String, String> values) {
        return new Request(machine, platform, values, missing, uses, device, host);
    }

    /**
     * Returns the same request with another policy.
     *
     * @param policy policy for missing capabilities
     * @return the new request
     */
    public Request withMissing(MissingPolicy policy) {
        return new Request(machine, platform, settings, policy, uses, device, host);
    }

    /**
     * Returns the same request for other uses of the kernel.
     *
     * @param ways the uses; empty when guests are only bridged to each other
     * @return the new request
     */
    public Request withUses(Set<HostUse> ways) {
        return new Request(machine, platform, settings, missing, ways, device, host);
    }

    /**
     * Returns the same request on another host.
     *
     * @param other capabilities of that host
     * @return the new request
     */
    public Request withHost(HostCapabilities other) {
        return new Request(machine, platform, settings, missing, uses, device, other);
    }
}
