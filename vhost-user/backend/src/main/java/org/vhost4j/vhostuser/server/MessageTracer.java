// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import org.jspecify.annotations.Nullable;
import org.vhost4j.vhostuser.server.MessageTrace.Sender;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageText;

/**
 * Traces the messages of one guest. Texts are created only if there is a receiver.
 *
 * @param guest name of the guest
 * @param trace receiver of the messages; null for none
 */
record MessageTracer(String guest, @Nullable MessageTrace trace) {
    /** Traces a request of the front-end, before it is handled. */
    void received(Message request) {
        trace(Sender.FRONT_END, request);
    }

    /** Traces a reply, before it is sent. */
    void replied(Message reply) {
        trace(Sender.BACK_END, reply);
    }

    /** Traces a request on the back-end's channel, before it is sent. */
    void requested(Message request) {
        trace(Sender.CHANNEL, request);
    }

    private void trace(Sender sender, Message message) {
        MessageTrace to = trace;
        if (to == null) {
            return;
        }
        String text;
        try {
            text = text(sender, message);
        } catch (RuntimeException e) {
            // An error in the trace must not affect the guest.
            text = "message of code " + message.code() + ", which cannot be shown as text: " + e;
        }
        to.message(guest, sender, (int) message.payload().byteSize(), text);
    }

    private static String text(Sender sender, Message message) {
        int descriptors = message.descriptorCount();
        return sender == Sender.CHANNEL
                ? MessageText.ofBackEnd(message.code(), message.flags(), message.payload(), descriptors)
                : MessageText.ofFrontEnd(message.code(), message.flags(), message.payload(), descriptors);
    }
}
