// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import org.vhost4j.device.Pollable;

/** Called when something went wrong on a lane. Called by the lane's thread; must not block. */
public interface LaneListener {
    /**
     * A pollable was stopped and has left the lane.
     *
     * @param pollable its {@link Pollable#fault} was called before
     * @param reason what happened, in one line
     * @param cause what was thrown, for a developer's eyes
     */
    void faulted(Pollable pollable, String reason, Throwable cause);

    /**
     * A task or a handler threw, and no pollable's memory is to blame. Everything continues.
     *
     * @param cause what was thrown
     */
    void failed(Throwable cause);
}
