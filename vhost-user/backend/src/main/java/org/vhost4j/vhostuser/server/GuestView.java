// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;

/**
 * The properties of devices that the guests of a back-end see, for comparison by a back-end to which a guest migrates.
 */
public interface GuestView {
    /**
     * Returns a fingerprint of all properties that a guest sees.
     *
     * @return text of up to 1024 characters
     */
    String fingerprint();

    /**
     * Compares the properties that a guest saw at its source with those that it would see here.
     *
     * @param expected the {@link #fingerprint} of the back-end that it comes from
     * @return a clause for each difference; none when a guest cannot tell the two apart
     * @throws IllegalArgumentException when the text is not a fingerprint; the message is one sentence
     */
    List<String> differences(String expected);
}
