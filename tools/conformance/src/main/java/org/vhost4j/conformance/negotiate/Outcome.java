// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import java.util.Locale;

/** What happened to a negotiation. */
public enum Outcome {
    /** The back-end took it, and every frame that was sent through came back as it was sent. */
    ACCEPTED,
    /** The back-end said no, or closed the connection over something that it need not take. */
    REFUSED,
    /** The connection was lost, an answer was wrong or did not come, or frames were damaged or lost. */
    BROKEN;

    /** As in the command line and JSON. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
