// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.List;
import java.util.Set;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/**
 * How far one host keeps one platform.
 *
 * @param platform the platform
 * @param host the host
 * @param lacked what the host lacks, or may lack for all that is known
 */
public record PlatformSupport(PlatformDefinition platform, HostCapabilities host, List<HostCapability> lacked) {
    /** Copies the list. */
    public PlatformSupport {
        lacked = List.copyOf(lacked);
    }

    /**
     * Judges a host.
     *
     * @param platform the platform
     * @param host the host
     * @param uses in which ways its kernel is used
     * @return the judgement
     */
    public static PlatformSupport of(PlatformDefinition platform, HostCapabilities host, Set<HostUse> uses) {
        return new PlatformSupport(platform, host, platform.lackedBy(host, uses));
    }

    /**
     * Whether the host keeps the platform by itself.
     *
     * @return true when nothing is lacked
     */
    public boolean isNative() {
        return lacked.isEmpty();
    }

    /**
     * Whether the back-end's software can make up for all that is lacked.
     *
     * @return true when it can, or nothing is lacked
     */
    public boolean isPossible() {
        return lacked.stream().allMatch(capability -> capability.standIn().isPresent());
    }

    /**
     * What is lacked, for people and for machines that show it to people.
     *
     * @return one clause each, such as {@code tap-uso is missing (TUNSETOFFLOAD CSUM|USO4|USO6: EINVAL)}
     */
    public List<String> reasons() {
        return lacked.stream()
                .map(capability -> capability + " is " + host.answer(capability).inWords())
                .toList();
    }

    /**
     * The judgement in words.
     *
     * @return {@code supported}, {@code supported in software}, or {@code not supported: ...}
     */
    public String inWords() {
        if (isNative()) {
            return "supported";
        }
        return (isPossible() ? "supported in software: " : "not supported: ") + String.join("; ", reasons());
    }
}
