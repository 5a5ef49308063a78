// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The answers of one host for every requested capability. Immutable.
 *
 * @param host the host's name or the file that the answers came from; for messages only
 * @param kernel the kernel's release as uname gives it; for messages only, never for a decision
 * @param answers the answers
 */
public record HostCapabilities(String host, String kernel, Map<HostCapability, Answer> answers) {
    /** A host without answers, for back-ends that do not use the kernel. */
    public static final HostCapabilities NOTHING_ASKED = new HostCapabilities("this host", "", Map.of());

    /** Copies the answers. */
    public HostCapabilities {
        Map<HostCapability, Answer> copy = new EnumMap<>(HostCapability.class);
        copy.putAll(answers);
        answers = Collections.unmodifiableMap(copy);
    }

    /**
     * Returns the answer for a capability.
     *
     * @param capability the capability
     * @return its answer; unknown when it was not probed
     */
    public Answer answer(HostCapability capability) {
        Answer answer = answers.get(capability);
        return answer != null ? answer : Answer.unknown(capability.question(), "was not asked");
    }

    /**
     * Returns whether the host certainly has a capability.
     *
     * @param capability the capability
     * @return false for no and for unknown
     */
    public boolean has(HostCapability capability) {
        return answer(capability).isYes();
    }

    /**
     * Returns the maximum number of segments that the kernel accepts in one UDP super-frame written to a TAP, found by
     * writing some.
     *
     * @return 128 or 64; empty when it accepts none or was not probed
     */
    public OptionalInt udpSegmentLimit() {
        if (has(HostCapability.TAP_UDP_L4_128)) {
            return OptionalInt.of(128);
        }
        return has(HostCapability.TAP_WRITE_UDP_L4) ? OptionalInt.of(64) : OptionalInt.empty();
    }

    /**
     * Returns a host that has exactly the given capabilities, for what-if questions.
     *
     * @param host name of the host
     * @param present the capabilities that it has
     * @return the host
     */
    public static HostCapabilities imagined(String host, Set<HostCapability> present) {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        for (HostCapability capability : HostCapability.values()) {
            answers.put(
                    capability,
                    present.contains(capability)
                            ? Answer.yes(capability.question(), "assumed")
                            : Answer.no(capability.question(), "assumed"));
        }
        return new HostCapabilities(host, "", answers);
    }
}
