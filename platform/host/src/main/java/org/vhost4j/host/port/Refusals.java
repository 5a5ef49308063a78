// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.port;

import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.sys.Errno;

/** Counts the frames of a port that the kernel refused, by the reason that the error number indicates. */
public final class Refusals {
    private final PortCounters counters;
    private final boolean[] seen = new boolean[Errno.LIMIT];

    /**
     * Creates a counter of refusals.
     *
     * @param counters counters of the port
     */
    public Refusals(PortCounters counters) {
        this.counters = counters;
    }

    /**
     * Counts a refused frame.
     *
     * @param errno the error number, positive
     * @return true for the first frame with this error number, so that only one line is printed for each reason
     */
    public boolean count(int errno) {
        counters.drop(reason(errno));
        int slot = errno < Errno.LIMIT ? errno : 0;
        boolean first = !seen[slot];
        seen[slot] = true;
        return first;
    }

    private static PortDrop reason(int errno) {
        return switch (errno) {
            case Errno.EAGAIN, Errno.ENOBUFS -> PortDrop.NO_ROOM;
            case Errno.EMSGSIZE -> PortDrop.TOO_LONG;
            case Errno.EFAULT -> PortDrop.MEMORY;
            case Errno.EIO, Errno.ENETDOWN, Errno.ENXIO, Errno.ENODEV -> PortDrop.DOWN;
            case Errno.ECONNREFUSED, Errno.ENOENT -> PortDrop.NO_PEER;
            default -> PortDrop.REFUSED;
        };
    }
}
