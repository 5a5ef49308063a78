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
     * @return false when not enough buffers are available: use {@link #deliver}
     */
    boolean reserve(Frame landing, int atLeast);

    /**
     * Reserves receive buffers for a frame that is in memory and may be extended later. The caller writes the frame
     * into the buffers. They are from the queue to which the frame is steered.
     *
     * @param landing set to the writable pieces, at least {@code frame.bytes} bytes in all
     * @param frame the frame, which needs only offloads of {@link #accepts()}
     * @return false when not enough buffers are available, or the port does not accept the frame: use {@link #deliver}
     */
    boolean reserve(Frame landing, Frame frame);

    /**
     * Reserves more buffers after those of {@link #reserve}.
     *
     * @param landing the frame that {@code reserve} filled; pieces are added after the existing ones
     * @param atLeast minimum number of bytes
     * @return false when not enough buffers are available: {@link #commit} the written part before the next call
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
     * Returns whether the header that the receiver gets contains the numbers of segments and of duplicate
     * acknowledgements of a super-frame (RSC_EXT).
     *
     * @return true when the receiver gets {@link Frame#duplicateAcks} of a committed frame
     */
    boolean countsSegments();
}
