// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * Security settings of one guest or port that replace the global ones.
 *
 * @param mode mode of the check of source addresses; empty for the global mode
 * @param floodsPerSecond maximum number of flooded frames per second, 0 for no limit; empty for the global limit
 */
public record OwnSecurity(Optional<PortSecurity.Mode> mode, OptionalInt floodsPerSecond) {
    /** Settings that replace none of the global ones. */
    public static final OwnSecurity NONE = new OwnSecurity(Optional.empty(), OptionalInt.empty());

    /**
     * Returns the effective settings of the guest or port.
     *
     * @param ofAll the global settings
     * @return the global settings with these replacements
     */
    public PortSecurity over(PortSecurity ofAll) {
        return new PortSecurity(mode.orElse(ofAll.mode()), floodsPerSecond.orElse(ofAll.floodsPerSecond()));
    }
}
