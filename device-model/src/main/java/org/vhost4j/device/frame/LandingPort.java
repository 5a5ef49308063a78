// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

/**
 * A port into whose receive buffers a frame can be written directly: {@link #reserve} returns buffers, {@link #extend}
 * adds more, {@link #commit} delivers the frame in them. There is one reservation at a time, and nothing is delivered
 * before its commit.
 */
public interface LandingPort extends FramePort {
    /**
     * Reserves receive buffers into which a frame can be written without an intermediate copy.
     *
     * @param landing set to the writable pieces, {@code landing.bytes} bytes in all
     * @param atLeast the number of bytes needed
     * @return false when there are no such buffers: use {@link #deliver}
     */
    boolean reserve(Frame landing, int atLeast);

    /**
     * Reserves receive buffers for a frame in memory that may be extended; the caller writes it. The buffers are in the
     * queue to which the frame is steered.
     *
     * @param landing set to the writable pieces, at least {@code frame.bytes} bytes in all
     * @param frame the frame, which needs nothing beyond {@link #accepts()}
     * @return false when there are no such buffers, or the port does not accept the frame: use {@link #deliver}
     */
    boolean reserve(Frame landing, Frame frame);

    /**
     * Reserves more buffers after those of {@link #reserve}.
     *
     * @param landing the frame that {@code reserve} filled; pieces are added after the existing ones
     * @param atLeast minimum number of bytes
     * @return false when there are not enough: {@link #commit} the written part before the next call
     */
    boolean extend(Frame landing, int atLeast);

    /**
     * Delivers the frame in the reserved buffers; {@link #flush} publishes it. The frame is dropped if the port has
     * failed or its link has gone down since the reservation.
     *
     * @param landing the frame that {@code reserve} filled, with its header set
     * @param bytes the number of bytes written from the first piece on; 0 returns all buffers, to which nothing was
     *     written
     */
    void commit(Frame landing, int bytes);

    /**
     * Returns all reserved buffers without delivering what was written to them.
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
