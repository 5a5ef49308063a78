// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.util.function.Consumer;

/** A virtqueue that works on the ring itself, and can mark in a log what it has written of the ring. */
abstract sealed class RingVirtqueue implements Virtqueue permits SplitVirtqueue, PackedVirtqueue, InflightVirtqueue {
    @Override
    public final Virtqueue logged(QueueLog log, Consumer<String> beyond) {
        return new LoggedVirtqueue(this, log, beyond);
    }

    @Override
    public final Virtqueue unlogged() {
        return this;
    }

    @Override
    public final void unpopWritten(int chains) {
        unpop(chains);
    }

    @Override
    public void finish() {
        // Only a queue whose chains are tracked finds some.
    }

    /** All that the device ever writes: it may have been written before there was a log. */
    abstract void logEverything(RingLog log);

    /** What {@link #addUsed} has written since the last publication; {@link #publish} follows. */
    abstract void logUsed(RingLog log);

    /** What the last {@link #publish} has written. */
    abstract void logPublished(RingLog log);

    /** What says whether the driver is to notify. */
    abstract void logNotifications(RingLog log);
}
