// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import org.vhost4j.device.Pollable;

/** Receives the errors of a lane. Called by the lane's thread; must not block. */
public interface LaneListener {
    /**
     * Reports that a pollable was stopped and has left the lane.
     *
     * @param pollable the pollable, whose {@link Pollable#fault} was called before
     * @param reason the cause, in one line
     * @param cause the exception, for developers
     */
    void faulted(Pollable pollable, String reason, Throwable cause);

    /**
     * Reports an exception of a task or a handler that was not caused by a pollable's memory. The lane continues with all its pollables.
     *
     * @param cause the exception
     */
    void failed(Throwable cause);
}
