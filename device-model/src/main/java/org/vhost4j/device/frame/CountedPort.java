// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;

/** A port to another network, with counters for forwarded frames and, by reason, for dropped frames. */
public interface CountedPort extends FramePort {
    /**
     * Returns the port's counters.
     *
     * @return always the same object; any thread may read it
     */
    PortCounters counters();

    /** Counts frames as dropped for lack of room. */
    @Override
    default void lost(int frames) {
        counters().drop(PortDrop.NO_ROOM, frames);
    }
}
