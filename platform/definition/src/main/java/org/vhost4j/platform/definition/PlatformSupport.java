// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/**
 * A host's support for a platform.
 *
 * @param platform the platform
 * @param host the host
 * @param lacked capabilities that the host lacks, or may lack
 */
public record PlatformSupport(PlatformDefinition platform, HostCapabilities host, List<HostCapability> lacked) {
    /** Copies the list. */
    public PlatformSupport {
        lacked = List.copyOf(lacked);
    }

    /**
     * Determines whether a host supports a platform.
     *
     * @param platform the platform
     * @param host the host
     * @param uses the kernel interfaces that guests use, such as TAP
     * @return the support
     */
    public static PlatformSupport of(PlatformDefinition platform, HostCapabilities host, Set<HostUse> uses) {
        return new PlatformSupport(platform, host, platform.lackedBy(host, uses));
    }

    /**
     * Returns whether the host supports the platform without software.
     *
     * @return true when the host lacks no capability
     */
    public boolean isNative() {
        return lacked.isEmpty();
    }

    /**
     * Returns whether the back-end's software can replace all missing capabilities.
     *
     * @return true when software can replace them, or none is missing
     */
    public boolean isPossible() {
        return lacked.stream()
                .allMatch(capability -> capability.softwareFallback().isPresent());
    }

    /**
     * Returns the missing capabilities as text for users.
     *
     * @return one clause each, such as {@code tap-uso is missing (TUNSETOFFLOAD CSUM|USO4|USO6: EINVAL)}
     */
    public List<String> reasons() {
        return lacked.stream()
                .map(capability -> capability + " is " + host.answer(capability).inWords())
                .toList();
    }

    /**
     * Returns the names of the missing capabilities.
     *
     * @return text such as {@code lacks tap-uso, tap-write-udp-l4}, or {@code cannot tell about tap-csum} when it could
     *     not be probed; empty when nothing is missing
     */
    public String lacking() {
        List<String> clauses = new ArrayList<>();
        addClause(clauses, "lacks ", Answer.Verdict.NO);
        addClause(clauses, "cannot tell about ", Answer.Verdict.UNKNOWN);
        return String.join("; ", clauses);
    }

    private void addClause(List<String> clauses, String words, Answer.Verdict verdict) {
        String names = lacked.stream()
                .filter(capability -> host.answer(capability).verdict() == verdict)
                .map(HostCapability::id)
                .collect(Collectors.joining(", "));
        if (!names.isEmpty()) {
            clauses.add(words + names);
        }
    }

    /**
     * Returns the support as text for a list of platforms.
     *
     * @return {@code supported}, {@code supported in software: ...}, or {@code not supported: ...}, with names only
     */
    public String inBrief() {
        return isNative() ? "supported" : verdict() + lacking();
    }

    private String verdict() {
        return isPossible() ? "supported in software: " : "not supported: ";
    }

    /**
     * Returns the support as text.
     *
     * @return {@code supported}, {@code supported in software: ...}, or {@code not supported: ...}, with the results of the probes
     */
    public String inWords() {
        if (isNative()) {
            return "supported";
        }
        return verdict() + String.join("; ", reasons());
    }
}
