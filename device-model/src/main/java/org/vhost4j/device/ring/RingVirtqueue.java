// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.util.function.Consumer;

/** A virtqueue that accesses the ring itself, and can log its writes to the ring. */
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
        // Nothing to do: only a queue with an in-flight record can have such chains.
    }

    /** Logs all parts of the ring that the device writes, because it may have written them before there was a log. */
    abstract void logEverything(RingLog log);

    /** Logs the writes of {@link #addUsed} since the last publication; {@link #publish} follows. */
    abstract void logUsed(RingLog log);

    /** Logs the writes of the last {@link #publish}. */
    abstract void logPublished(RingLog log);

    /** Logs the fields by which the device enables or disables notifications. */
    abstract void logNotifications(RingLog log);
}
