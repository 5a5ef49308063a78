// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

/**
 * A receiver of frames: a guest's device, a TAP, a port of another lane. All methods are called by the lane that owns the port, never
 * from two threads. A port that takes work from somewhere is a {@link org.vhost4j.device.Pollable} as well.
 */
public interface FramePort {
    /** {@link #deliver}: the frame was taken. */
    int DELIVERED = 0;
    /** {@link #deliver}: no room now; the same frame may be handed over again later. Nothing was taken. */
    int NO_ROOM = 1;
    /** {@link #deliver}: the port will not take this frame; it counted the reason. */
    int REFUSED = 2;
    /** {@link #deliver}: the frame was taken, for the lane of its receiver, which counts what happens to it. */
    int QUEUED = 3;

    /**
     * The port's name in messages.
     *
     * @return a short name such as {@code guest0}
     */
    String name();

    /**
     * What this port takes without software's help, now.
     *
     * @return a mask of {@link Offloads}
     */
    int accepts();

    /**
     * Hands over one frame that needs nothing beyond {@link #accepts()}. The port copies or writes it before it returns.
     *
     * @param frame the frame; the port does not change it
     * @return {@link #DELIVERED}, {@link #NO_ROOM}, {@link #REFUSED} or {@link #QUEUED}
     */
    int deliver(Frame frame);

    /**
     * Hands over frames that came together and need nothing beyond {@link #accepts()}, in their order, as long as they need only
     * to be copied. A port that takes frames one by one only takes none of them.
     *
     * @param frames the burst
     * @param from the first of its frames that is for this port
     * @param to the index after the last one
     * @return how many were taken; deliver the next one by {@link #deliver(Frame)}, which tells why
     */
    default int deliver(FrameBurst frames, int from, int to) {
        return 0;
    }

    /**
     * Whether what {@link #deliver(FrameBurst, int, int)} takes is {@link #QUEUED}.
     *
     * @return true when the lane of the receiver counts what happens to the frames
     */
    default boolean queues() {
        return false;
    }

    /**
     * The frame to which {@link #deliver} has just said {@link #NO_ROOM} is not offered again: it does not wait, and is
     * dropped.
     */
    default void dropped() {}

    /**
     * Frames for this port were dropped on their way, because those before them wait for room.
     *
     * @param frames how many, at least 1
     */
    default void lost(int frames) {}

    /** Ends a burst of deliveries: what was delivered is published, the receiver is woken. */
    void flush();

    /**
     * Frames that are delivered from now on have come from another lane, whose port has chosen this lane for them, or they have not any more.
     *
     * @param now whether they have
     */
    default void arriving(boolean now) {}
}
