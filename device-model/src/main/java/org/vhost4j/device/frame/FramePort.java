// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

/**
 * A receiver of frames, such as a guest's device, a TAP, or a port of another lane. All methods are called by the lane
 * that owns the port, never from two threads. A port that also sends frames is a {@link org.vhost4j.device.Pollable} as
 * well.
 */
public interface FramePort {
    /** Result of {@link #deliver}: the frame was accepted. */
    int DELIVERED = 0;
    /**
     * Result of {@link #deliver}: nothing was delivered, because there is no room now; the same frame may be delivered
     * again later.
     */
    int NO_ROOM = 1;
    /** Result of {@link #deliver}: the port does not accept this frame, and has counted the reason. */
    int REFUSED = 2;
    /**
     * Result of {@link #deliver}: the frame was queued for the receiver's lane, which counts it as delivered or
     * dropped.
     */
    int QUEUED = 3;

    /**
     * Returns the port's name for messages.
     *
     * @return a short name such as {@code guest0}
     */
    String name();

    /**
     * Returns the offloads that this port accepts at present; frames that need others are converted in software before.
     *
     * @return a mask of {@link Offloads}
     */
    int accepts();

    /**
     * Delivers one frame that needs only offloads of {@link #accepts()}. The port has copied or written the frame when
     * the method returns.
     *
     * @param frame the frame; the port does not change it
     * @return {@link #DELIVERED}, {@link #NO_ROOM}, {@link #REFUSED} or {@link #QUEUED}
     */
    int deliver(Frame frame);

    /**
     * Delivers frames of a burst that need only offloads of {@link #accepts()}, in order, until one cannot be delivered
     * as part of a burst. A port that supports only single frames accepts none of them.
     *
     * @param frames the burst
     * @param from index of the first frame for this port
     * @param to index after the last one
     * @return the number of frames accepted; the caller delivers the next one by {@link #deliver(Frame)}, which returns
     *     the reason
     */
    default int deliver(FrameBurst frames, int from, int to) {
        return 0;
    }

    /**
     * Returns whether frames that {@link #deliver(FrameBurst, int, int)} accepts are {@link #QUEUED}.
     *
     * @return true when the receiver's lane counts the frames as delivered or dropped
     */
    default boolean queues() {
        return false;
    }

    /**
     * Notifies the port that the frame for which {@link #deliver} has just returned {@link #NO_ROOM} is dropped and
     * will not be offered again.
     */
    default void dropped() {}

    /**
     * Notifies the port that frames for it were dropped before they reached it, because earlier frames wait for room.
     *
     * @param frames number of frames, at least 1
     */
    default void lost(int frames) {}

    /** Ends a burst of deliveries: publishes the delivered frames and wakes the receiver. */
    void flush();

    /**
     * Sets whether the frames that are delivered from now on come from another lane, which has already chosen this lane
     * for them.
     *
     * @param now true when they come from another lane
     */
    default void arriving(boolean now) {}
}
