// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * What one guest or port is held to instead of what all are.
 *
 * @param mode which source addresses it may send from; nothing for the mode of all
 * @param floodsPerSecond how many frames it may send in a second that go to all others, 0 for no limit; nothing for the limit of all
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
