// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;

/**
 * The properties of their devices that the guests of a back-end see, for comparison by a back-end to which a guest
 * migrates.
 */
public interface GuestView {
    /**
     * Returns a fingerprint of all properties that a guest sees.
     *
     * @return text of up to 1024 characters
     */
    String fingerprint();

    /**
     * Compares what a guest saw where it comes from with what it would see here.
     *
     * @param expected the {@link #fingerprint} of the back-end that it comes from
     * @return a clause for each difference; none when a guest cannot tell the two apart
     * @throws IllegalArgumentException when it is no fingerprint; the message is one sentence
     */
    List<String> differences(String expected);
}
