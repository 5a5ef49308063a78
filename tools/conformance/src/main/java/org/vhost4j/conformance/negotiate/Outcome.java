// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import java.util.Locale;

/** The outcome of a negotiation. */
public enum Outcome {
    /** The back-end accepted the features, and every frame returned undamaged. */
    ACCEPTED,
    /** The back-end refused the features, or closed the connection because of features that it need not accept. */
    REFUSED,
    /** The connection was lost, an answer was wrong or did not come, or frames were damaged or lost. */
    BROKEN;

    /** Returns the outcome as one word, as on the command line and in JSON. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
