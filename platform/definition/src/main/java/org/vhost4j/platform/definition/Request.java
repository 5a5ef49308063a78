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
 * The requested promise to a guest, and its layers.
 *
 * @param machine the machine's name or alias; nothing for the default machine
 * @param platform the platform's name or alias, or {@code host}; nothing for the newest that the host supports
 * @param settings the operator's own settings: property to value, in the order given; {@code auto} leaves a property to the platform
 * @param missing what to do about capabilities that the host lacks
 * @param uses in which ways the back-end leans on the kernel
 * @param device what the device can do
 * @param host what the host can do
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
     * The default machine on the newest platform of a host that is used through its TAP.
     *
     * @param device what the device can do
     * @param host what the host can do
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
     * The same for another machine.
     *
     * @param name a name or an alias
     * @return the new request
     */
    public Request withMachine(String name) {
        return new Request(Optional.of(name), platform, settings, missing, uses, device, host);
    }

    /**
     * The same for another platform.
     *
     * @param name a name, an alias or {@code host}
     * @return the new request
     */
    public Request withPlatform(String name) {
        return new Request(machine, Optional.of(name), settings, missing, uses, device, host);
    }

    /**
     * The same with other settings.
     *
     * @param values property to value
     * @return the new request
     */
    public Request withSettings(Map<String, String> values) {
        return new Request(machine, platform, values, missing, uses, device, host);
    }

    /**
     * The same with another policy.
     *
     * @param policy what to do about missing capabilities
     * @return the new request
     */
    public Request withMissing(MissingPolicy policy) {
        return new Request(machine, platform, settings, policy, uses, device, host);
    }

    /**
     * The same with other uses of the kernel.
     *
     * @param ways the uses; empty when guests are only bridged to each other
     * @return the new request
     */
    public Request withUses(Set<HostUse> ways) {
        return new Request(machine, platform, settings, missing, ways, device, host);
    }

    /**
     * The same on another host.
     *
     * @param other what that host can do
     * @return the new request
     */
    public Request withHost(HostCapabilities other) {
        return new Request(machine, platform, settings, missing, uses, device, other);
    }
}
