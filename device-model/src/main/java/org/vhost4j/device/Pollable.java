// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device;

/**
 * Something that a lane looks at in every turn of its duty cycle. All methods are called by that lane.
 */
public interface Pollable {
    /**
     * Does one burst of work.
     *
     * @return how much was done; 0 when there was nothing to do
     */
    int poll();

    /**
     * Asks to be woken for new work, because the lane is about to sleep.
     *
     * @return true when work has come up meanwhile: the lane polls again instead of sleeping
     */
    boolean arm();

    /** Work continues: wake-ups are not needed until the next {@link #arm()}. */
    void disarm();

    /**
     * The memory below this object vanished while it worked (a front-end truncated its file), or it broke a rule of its own.
     * It must stop permanently, record the reason and leave everything else alone.
     *
     * @param reason what happened, in one line
     */
    void fault(String reason);

    /**
     * Whether the memory below this object is all there. When memory vanishes while the lane works, the one that was being
     * polled need not be the one to blame, because it may have been writing into another's; so all are asked. One that is
     * not to blame is polled again although its last {@link #poll()} was cut short, and may find that the frame it was carrying
     * is lost or comes twice.
     *
     * @return false when the front-end has shortened a file that is in use
     */
    default boolean intact() {
        return true;
    }

    /**
     * What to call it in a message.
     *
     * @return a short name such as {@code guest0}
     */
    String name();
}
