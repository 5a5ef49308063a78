// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.List;
import org.vhost4j.platform.probe.HostCapability;

/**
 * The refusal of a {@link Request}.
 *
 * @param reasons one sentence each, at least one
 * @param missing the host's capabilities that are missing or unknown, if they are among the reasons
 */
public record Refusal(List<String> reasons, List<HostCapability> missing) implements Outcome {
    /** Copies the lists. */
    public Refusal {
        reasons = List.copyOf(reasons);
        missing = List.copyOf(missing);
        if (reasons.isEmpty()) {
            throw new IllegalArgumentException("a refusal without a reason");
        }
    }

    /**
     * Creates a refusal that does not depend on the host.
     *
     * @param reason one sentence
     * @return the refusal
     */
    static Refusal because(String reason) {
        return new Refusal(List.of(reason), List.of());
    }

    /**
     * Returns all reasons in one line, for stderr.
     *
     * @return the sentences with a space between them
     */
    public String message() {
        return String.join(" ", reasons);
    }
}
