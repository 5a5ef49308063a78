// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/**
 * Observes what a front-end's socket transfers, for example to record a trace. The methods are called by the thread that sends or receives.
 */
public interface SocketWatcher {
    /**
     * Called before bytes are sent.
     *
     * @param bytes one message, several messages, or part of a message
     * @param descriptors the number of descriptors that are sent with them
     */
    void sent(byte[] bytes, int descriptors);

    /**
     * Called after a message was received.
     *
     * @param message the message, which remains owned by the receiver
     */
    void received(RawMessage message);

    /** Called when the back-end has closed the connection. */
    void closedByBackEnd();

    /** Called when the front-end closes the connection. */
    void closed();

    /**
     * Returns a watcher for the back-end channel of this connection.
     *
     * @return the watcher for the front-end's end of the channel
     */
    SocketWatcher channel();
}
