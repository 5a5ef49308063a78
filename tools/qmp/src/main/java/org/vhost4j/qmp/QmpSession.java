// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

/** The state of one client's session. Belongs to the client's reading thread. */
final class QmpSession {
    private boolean negotiated;
    private boolean quitting;

    /** Returns whether the client has ended the negotiation. */
    boolean negotiated() {
        return negotiated;
    }

    void endNegotiation() {
        negotiated = true;
    }

    /** Returns whether the client has executed {@code quit}. */
    boolean quitting() {
        return quitting;
    }

    void quit() {
        quitting = true;
    }
}
