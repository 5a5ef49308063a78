// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/** Receives a text for every message between front-ends and this back-end. Called by the guests' lanes; must not block. */
@FunctionalInterface
public interface MessageTrace {
    /** The sender of a message; it also identifies the connection. */
    enum Sender {
        /** A request of the front-end. */
        FRONT_END("front-end"),
        /** A reply of the back-end. */
        BACK_END("back-end"),
        /** A request of the back-end on its own channel (SET_BACKEND_REQ_FD). */
        CHANNEL("back-end's channel");

        private final String text;

        Sender(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Traces a message that was received completely, or is about to be sent.
     *
     * @param guest name of the guest
     * @param sender sender of the message
     * @param payloadBytes size of the payload, without the header
     * @param text the message in one line, in the format of {@link org.vhost4j.vhostuser.wire.MessageText}
     */
    void message(String guest, Sender sender, int payloadBytes, String text);
}
