// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.List;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.vhostuser.server.GuestView;

/**
 * The guest-visible properties of a back-end, with the fingerprint that {@code --expect-abi} accepts.
 *
 * @param abi all guest-visible properties
 */
record AbiView(GuestAbi abi) implements GuestView {
    @Override
    public String fingerprint() {
        return abi.fingerprint();
    }

    @Override
    public List<String> differences(String expected) {
        return GuestAbi.parse(expected).differences(abi);
    }
}
