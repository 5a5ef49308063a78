// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * Security settings of one guest or port that replace the global ones.
 *
 * @param mode which source addresses it may send from; empty for the global mode
 * @param floodsPerSecond how many flooded frames it may send per second, 0 for no limit; empty for the global limit
 */
public record OwnSecurity(Optional<PortSecurity.Mode> mode, OptionalInt floodsPerSecond) {
    /** The same as all. */
    public static final OwnSecurity NONE = new OwnSecurity(Optional.empty(), OptionalInt.empty());

    /**
     * What the guest or port is held to.
     *
     * @param ofAll what those are held to that have nothing of their own
     * @return both together
     */
    public PortSecurity over(PortSecurity ofAll) {
        return new PortSecurity(mode.orElse(ofAll.mode()), floodsPerSecond.orElse(ofAll.floodsPerSecond()));
    }
}
