// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

/**
 * A port into whose buffers a frame can be written directly: {@link #reserve} returns room, {@link #extend} adds more,
 * {@link #commit} makes it a received frame. There is one reservation at a time, and nothing is delivered before its
 * commit.
 */
public interface LandingPort extends FramePort {
    /**
     * Reserves room into which a frame can be written without an intermediate copy.
     *
     * @param landing filled with pieces that may be written, {@code landing.bytes} of them in all
     * @param atLeast the number of bytes needed
     * @return false when there is no such room: use {@link #deliver}
     */
    boolean reserve(Frame landing, int atLeast);

    /**
     * Reserves room for a frame in memory, possibly with more to follow; the port does not write it. The room is in the
     * queue to which the frame belongs.
     *
     * @param landing set to pieces that may be written, at least {@code frame.bytes} bytes in all
     * @param frame the frame, which needs nothing beyond {@link #accepts()}
     * @return false when there is no such room, or the port does not accept the frame: use {@link #deliver}
     */
    boolean reserve(Frame landing, Frame frame);

    /**
     * Reserves more room after that of {@link #reserve}.
     *
     * @param landing the frame that {@code reserve} filled; pieces are added after the existing ones
     * @param atLeast minimum number of bytes
     * @return false when there is not that much: {@link #commit} what was written before the next call
     */
    boolean extend(Frame landing, int atLeast);

    /**
     * Turns the room that {@link #reserve} gave into a received frame, which {@link #flush} publishes. The frame is dropped when the
     * port has failed or its link has gone down since.
     *
     * @param landing the frame that {@code reserve} filled, with its header set
     * @param bytes how many bytes were written from the first piece on; 0 gives all room back, in which nothing was written
     */
    void commit(Frame landing, int bytes);

    /**
     * Gives all room that {@link #reserve} returned although something was written there, of which nothing is received.
     *
     * @param landing the frame that {@code reserve} filled
     */
    void discard(Frame landing);

    /**
     * Returns whether the receiver's header carries the number of segments and of duplicate acknowledgements of a
     * super-frame.
     *
     * @return true when {@link Frame#duplicateAcks} of a committed frame reaches the receiver
     */
    boolean countsSegments();
}
