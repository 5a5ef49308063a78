// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device;

/** Work that a lane polls in every turn of its duty cycle. All methods are called by that lane. */
public interface Pollable {
    /**
     * Does one burst of work.
     *
     * @return the amount of work done; 0 when there was nothing to do
     */
    int poll();

    /**
     * Requests a wake-up for new work, because the lane is about to sleep.
     *
     * @return true when work has arrived meanwhile: the lane polls again instead of sleeping
     */
    boolean arm();

    /** Notifies that the lane polls again: no wake-up is needed until the next {@link #arm()}. */
    void disarm();

    /**
     * Stops this object permanently, because memory that it uses vanished (a front-end truncated its file) or because
     * it failed with an internal error. The implementation records the reason and leaves all other objects alone.
     *
     * @param reason the cause, in one line
     */
    void fault(String reason);

    /**
     * Returns whether all memory that this object uses is still mapped to existing pages. When an access to memory
     * fails, the memory need not belong to the object that was being polled, because that may have been writing to the
     * memory of another one; therefore the lane checks every object. An object whose memory is intact is polled again
     * although its last {@link #poll()} was cut short, and the frame that it was delivering may be lost or duplicated.
     *
     * @return false when the front-end has shortened a file that is in use
     */
    default boolean intact() {
        return true;
    }

    /**
     * Returns the name of this object for messages.
     *
     * @return a short name such as {@code guest0}
     */
    String name();
}
