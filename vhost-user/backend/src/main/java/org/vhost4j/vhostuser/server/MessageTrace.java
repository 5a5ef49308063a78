// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/** Takes every message between front-ends and this back-end in words. Called by the guests' lanes: it must not wait. */
@FunctionalInterface
public interface MessageTrace {
    /** Which end has sent a message, and over which connection. */
    enum Sender {
        /** A request of the front-end. */
        FRONT_END("front-end"),
        /** Our own reply. */
        BACK_END("back-end"),
        /** Our own request on the back-end's channel (SET_BACKEND_REQ_FD). */
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
     * A message was received whole, or is about to be sent.
     *
     * @param guest its name
     * @param sender of the message
     * @param payloadBytes size of the payload, without the header
     * @param text one line, as in {@link org.vhost4j.vhostuser.wire.MessageText}
     */
    void message(String guest, Sender sender, int payloadBytes, String text);
}
