// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.stats;

/** The reason why a port that is not a guest dropped frames. "Out" means to the port's network, "in" from it. */
public enum PortDrop {
    /** Out: there is no connection, or no socket at the peer's address. */
    NO_PEER(false, "the peer is not there"),
    /** Out: the interface is down, or was removed. */
    DOWN(false, "the interface is down"),
    /** Out: the socket, queue or ring stayed full for as long as senders wait. */
    NO_ROOM(false, "the peer does not read"),
    /** Out: the frame is longer than the network behind the port accepts. */
    TOO_LONG(false, "they are longer than the peer accepts"),
    /** Out: the connection was lost before the whole frame was sent. */
    LOST(false, "the connection was lost before they were sent"),
    /** Out: the guest memory that contained the frame has vanished. */
    MEMORY(false, "the memory that contains them has vanished"),
    /** Out: the super-frame has headers that do not allow segmentation into valid packets. */
    BAD_SUPER_FRAME(false, "their headers cannot be completed"),
    /** Out: the kernel refused the frame for another reason. */
    REFUSED(false, "the kernel refuses them"),
    /** Out: the frames exceeded the port's rate limit. */
    RATE(false, "they exceed the port's rate limit"),
    /** Out: the port has stopped permanently. */
    STOPPED(false, "the port has stopped"),
    /** In: the frame ends within its Ethernet header. */
    RUNT(true, "the peer sends frames shorter than an Ethernet header"),
    /** In: the frame exceeds the maximum length of a frame, or the port's buffers. */
    CUT(true, "the peer sends frames longer than the port accepts"),
    /** In: the offload header (virtio-net header) contradicts the frame. */
    BAD_HEADER(true, "their offload headers do not match them"),
    /** In: the kernel received the frame but could not pass it to this process. */
    READ_FAILED(true, "the kernel could not deliver them"),
    /** In: the port had no buffer left for the frame. */
    NO_BUFFER(true, "the port had no buffer for them");

    private final boolean incoming;
    private final String meaning;

    PortDrop(boolean incoming, String meaning) {
        this.incoming = incoming;
        this.meaning = meaning;
    }

    /**
     * Returns the direction of the frames.
     *
     * @return true for frames from the port's network, false for frames to it
     */
    public boolean isIncoming() {
        return incoming;
    }

    /**
     * Returns a description of the error, for a message.
     *
     * @return a clause in which "they" stands for the frames
     */
    public String meaning() {
        return meaning;
    }
}
