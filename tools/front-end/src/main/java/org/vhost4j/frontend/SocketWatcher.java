// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/** Sees what a front-end's socket carries, such as for a trace. Called by the thread that sends or receives. */
public interface SocketWatcher {
    /**
     * Bytes are about to be sent.
     *
     * @param bytes one message, several, or a part of one
     * @param descriptors how many go with them
     */
    void sent(byte[] bytes, int descriptors);

    /**
     * A message was received.
     *
     * @param message as it came; still owned by the receiver
     */
    void received(RawMessage message);

    /** The back-end closed the connection. */
    void closedByBackEnd();

    /** The front-end closes the connection. */
    void closed();

    /**
     * A watcher of the back-end's channel that belongs to this connection.
     *
     * @return used for the front-end's end of the channel
     */
    SocketWatcher channel();
}
