// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

/** Why a {@link StreamPort} dropped a frame. */
public enum StreamDrop {
    /** There is no connection. */
    NOT_CONNECTED("there is no connection"),
    /** The peer does not read, and what may wait for it is full. */
    NO_ROOM("the peer does not read"),
    /** The frame is longer than the peer takes. */
    TOO_LONG("they are longer than the peer takes"),
    /** The connection was lost with the frame unsent, whole or in part. */
    LOST("the connection was lost before they were sent"),
    /** The memory that the frame is in has gone. */
    MEMORY("the memory that they are in has gone"),
    /** From the peer: the frame has no whole Ethernet header. */
    RUNT("the peer sends frames shorter than an Ethernet header");

    private final String meaning;

    StreamDrop(String meaning) {
        this.meaning = meaning;
    }

    /**
     * What is wrong, for a message.
     *
     * @return a clause
     */
    public String meaning() {
        return meaning;
    }
}
