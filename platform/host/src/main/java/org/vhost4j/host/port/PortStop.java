// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.port;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The state of a port: working, or stopped for a reason. Written by the lane; any thread may read it. */
public final class PortStop {
    private final Consumer<String> trouble;
    private volatile @Nullable String reason;

    /**
     * Creates the state of a port that works.
     *
     * @param trouble receives a line when the port stops
     */
    public PortStop(Consumer<String> trouble) {
        this.trouble = trouble;
    }

    /**
     * Returns whether the port has stopped.
     *
     * @return false again after {@link #clear}
     */
    public boolean isStopped() {
        return reason != null;
    }

    /**
     * Returns the reason why the port has stopped.
     *
     * @return the first reason, or null while it works
     */
    public @Nullable String reason() {
        return reason;
    }

    /**
     * Stops the port and reports it; a port that has stopped keeps its reason.
     *
     * @param why the reason, in one line
     * @return true if the port was working before
     */
    public boolean stop(String why) {
        if (reason != null) {
            return false;
        }
        reason = why;
        trouble.accept("stopped: " + why);
        return true;
    }

    /**
     * Stops the port temporarily, without a report.
     *
     * @param why the reason, in one line
     */
    public void pause(String why) {
        reason = why;
    }

    /** Marks the port as working again. */
    public void clear() {
        reason = null;
    }
}
