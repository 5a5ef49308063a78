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
     * Determines whether a host supports a platform.
     *
     * @param platform the platform
     * @param host the host
     * @param uses how the guests use the host's kernel
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
        return lacked.stream()
                .allMatch(capability -> capability.softwareFallback().isPresent());
    }

    /**
     * What is lacked, for users and for programs that show it to them.
     *
     * @return one clause each, such as {@code tap-uso is missing (TUNSETOFFLOAD CSUM|USO4|USO6: EINVAL)}
     */
    public List<String> reasons() {
        return lacked.stream()
                .map(capability -> capability + " is " + host.answer(capability).inWords())
                .toList();
    }

    /**
     * What is lacked, by name only.
     *
     * @return such as {@code lacks tap-uso, tap-write-udp-l4}, or {@code cannot tell about tap-csum} where it could not be asked;
     *     empty when nothing is lacked
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
     * The judgement for a list of platforms.
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
     * The judgement in words.
     *
     * @return {@code supported}, {@code supported in software: ...}, or {@code not supported: ...}, with every answer
     */
    public String inWords() {
        if (isNative()) {
            return "supported";
        }
        return verdict() + String.join("; ", reasons());
    }
}
