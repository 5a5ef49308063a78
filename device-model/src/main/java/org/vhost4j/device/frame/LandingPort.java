// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

/**
 * A port into whose buffers a frame can be written where it stays: {@link #reserve} gives the room, {@link #extend} gives more,
 * {@link #commit} makes a received frame of it. There is one reservation at a time, and nothing is delivered before its commit.
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
     * Asks for room for a frame in memory, perhaps with more to follow; the port does not write it. The room is in the queue that
     * the frame goes to.
     *
     * @param landing filled with pieces that may be written, at least {@code frame.bytes} of them in all
     * @param frame the frame, which needs nothing beyond {@link #accepts()}
     * @return false when there is no such room, or the port does not want the frame: use {@link #deliver}
     */
    boolean reserve(Frame landing, Frame frame);

    /**
     * Asks for more room after that which {@link #reserve} gave.
     *
     * @param landing the frame that {@code reserve} filled; pieces are added after those that are there
     * @param atLeast the number of bytes needed
     * @return false when there is not that much: {@link #commit} what was written, and do not ask again before
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
     * Whether the receiver's header has the number of segments and of duplicate acknowledgements of a super-frame.
     *
     * @return true when {@link Frame#duplicateAcks} of a frame that is committed reaches it
     */
    boolean countsSegments();
}
