// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import org.vhost4j.sys.EventFd;

/**
 * Signals an eventfd that an untrusted process shares: the call or the error descriptor of a queue. That process can make the write block.
 * Then the lane is released within milliseconds, this object stops signalling, and its owner is notified. Belongs to the lane's thread.
 */
public final class SharedSignal {
    private final EventFd eventFd;
    private final SignalWatch watch;
    private final Runnable jammed;
    private boolean over;

    SharedSignal(EventFd eventFd, SignalWatch watch, Runnable jammed) {
        this.eventFd = eventFd;
        this.watch = watch;
        this.jammed = jammed;
    }

    /** Adds 1 to the count. One system call, no allocation. */
    public void signal() {
        if (over) {
            return;
        }
        watch.enter(eventFd);
        eventFd.signal();
        if (watch.leave()) {
            over = true;
            jammed.run();
        }
    }
}
