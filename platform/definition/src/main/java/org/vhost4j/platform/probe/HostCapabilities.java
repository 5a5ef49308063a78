// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The results of probing a host for capabilities. Immutable.
 *
 * @param host the host's name, or the file from which the results were read; only for messages
 * @param kernel the kernel's release as in uname(2); only for messages, never for decisions
 * @param answers the results by capability
 */
public record HostCapabilities(String host, String kernel, Map<HostCapability, Answer> answers) {
    /** A host that was not probed, for back-ends that do not use the kernel. */
    public static final HostCapabilities NOT_PROBED = new HostCapabilities("this host", "", Map.of());

    /** Copies the results. */
    public HostCapabilities {
        Map<HostCapability, Answer> copy = new EnumMap<>(HostCapability.class);
        copy.putAll(answers);
        answers = Collections.unmodifiableMap(copy);
    }

    /**
     * Returns the result for a capability.
     *
     * @param capability the capability
     * @return the result; {@link Answer.Verdict#UNKNOWN} when the capability was not probed
     */
    public Answer answer(HostCapability capability) {
        Answer answer = answers.get(capability);
        return answer != null ? answer : Answer.unknown(capability.question(), "was not asked");
    }

    /**
     * Returns whether the host certainly has a capability.
     *
     * @param capability the capability
     * @return false when it does not have the capability, or that is unknown
     */
    public boolean has(HostCapability capability) {
        return answer(capability).isYes();
    }

    /**
     * Returns the maximum number of segments of a UDP super-frame that the kernel accepts when it is written to a TAP. The probe determines
     * it by writing super-frames.
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
     * Returns a hypothetical host that has exactly the given capabilities.
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
