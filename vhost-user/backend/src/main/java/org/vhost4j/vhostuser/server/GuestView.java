// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;

/** The properties of devices that a back-end's guests see. When a guest migrates, the destination compares them. */
public interface GuestView {
    /**
     * Returns a fingerprint of all properties that a guest sees.
     *
     * @return text of up to 1024 characters
     */
    String fingerprint();

    /**
     * Compares the properties that a guest saw at the source of its migration with those of this back-end.
     *
     * @param expected the {@link #fingerprint} of the source
     * @return one clause for each difference; empty when a guest sees no difference
     * @throws IllegalArgumentException when the text is not a fingerprint; the message is one sentence
     */
    List<String> differences(String expected);
}
