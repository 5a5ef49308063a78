// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;

/** A port with a network behind it, which counts what passes and, by reason, what is dropped. */
public interface CountedPort extends FramePort {
    /**
     * Returns the port's counters.
     *
     * @return always the same object; any thread may read it
     */
    PortCounters counters();

    /** Counts them as frames without room. */
    @Override
    default void lost(int frames) {
        counters().drop(PortDrop.NO_ROOM, frames);
    }
}
