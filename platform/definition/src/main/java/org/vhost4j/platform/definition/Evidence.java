// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.List;

/**
 * The evidence for parts of a definition.
 *
 * @param of names of the properties and capabilities to which the evidence applies; {@code *} for the whole definition
 * @param source a commit, a source file, or {@code probed on ...}
 */
public record Evidence(List<String> of, String source) {
    /** Copies the list. */
    public Evidence {
        of = List.copyOf(of);
    }

    /**
     * Returns whether the evidence applies to a property or capability.
     *
     * @param what a property's qualified name or a capability's name
     * @return true when {@link #of} contains the name or {@code *}
     */
    public boolean covers(String what) {
        return of.contains(what) || of.contains("*");
    }
}
