// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.vhost4j.device.Pollable;

/**
 * One end that frames can be handed to and taken from: a guest's device, a TAP, a sink. All methods are called by the lane
 * that owns the port, never from two threads.
 */
public interface FramePort extends Pollable {
    /** {@link #deliver}: the frame was taken. */
    int DELIVERED = 0;
    /** {@link #deliver}: no room now; the same frame may be handed over again later. Nothing was taken. */
    int NO_ROOM = 1;
    /** {@link #deliver}: the port will not take this frame; it counted the reason. */
    int REFUSED = 2;
    /** {@link #deliver}: the frame was taken, for the lane of its receiver, which counts what becomes of it. */
    int HANDED_ON = 3;

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
     * @return {@link #DELIVERED}, {@link #NO_ROOM}, {@link #REFUSED} or {@link #HANDED_ON}
     */
    int deliver(Frame frame);

    /**
     * Hands over frames that came together and need nothing beyond {@link #accepts()}, in their order, as long as nothing but copying
     * is to be done for them.
     *
     * @param frames the burst
     * @param from the first of its frames that is for this port
     * @param to behind the last one
     * @return how many were taken; the next one is to be handed over by {@link #deliver(Frame)}, which tells why
     */
    default int deliver(FrameBurst frames, int from, int to) {
        return 0;
    }

    /**
     * Whether what {@link #deliver(FrameBurst, int, int)} takes is {@link #HANDED_ON}.
     *
     * @return true when the lane of the receiver counts what becomes of the frames
     */
    default boolean handsOn() {
        return false;
    }

    /**
     * Whether the receiver is told how many segments, and how many duplicate acknowledgements, a super-frame stands for.
     *
     * @return true when {@link Frame#duplicateAcks} of a frame that is committed reaches it
     */
    default boolean countsSegments() {
        return false;
    }

    /** Ends a burst of {@link #deliver} and {@link #commit} calls: what was delivered is published, the receiver is woken. */
    void flush();

    /**
     * Asks for room in which a frame can land without a copy in between.
     *
     * @param landing filled with pieces that may be written, {@code landing.bytes} of them in all
     * @param atLeast how many bytes are wanted
     * @return false when there is no such room: use {@link #deliver}
     */
    default boolean reserve(Frame landing, int atLeast) {
        return false;
    }

    /**
     * Asks for room for a frame that is there, with more to come perhaps; the port does not write it. The room is in the queue that
     * the frame goes to.
     *
     * @param landing filled with pieces that may be written, at least {@code frame.bytes} of them in all
     * @param frame the frame, which needs nothing beyond {@link #accepts()}
     * @return false when there is no such room, or the port does not want the frame: use {@link #deliver}
     */
    default boolean reserve(Frame landing, Frame frame) {
        return false;
    }

    /**
     * Asks for more room behind that which {@link #reserve} gave.
     *
     * @param landing the frame that {@code reserve} filled; pieces are added behind those that are there
     * @param atLeast how many bytes are wanted in all
     * @return false when there is not that much: {@link #commit} what was written, and do not ask again before
     */
    default boolean extend(Frame landing, int atLeast) {
        return false;
    }

    /**
     * Turns the room that {@link #reserve} gave into a received frame. Does nothing when the port has failed since.
     *
     * @param landing the frame that {@code reserve} filled, with its header set
     * @param bytes how many bytes were written from the first piece on; 0 gives all room back
     */
    default void commit(Frame landing, int bytes) {
        throw new IllegalStateException("commit without reserve");
    }
}
