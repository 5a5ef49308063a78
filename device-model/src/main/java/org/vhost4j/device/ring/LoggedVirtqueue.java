// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.util.function.Consumer;
import org.vhost4j.device.memory.DirtyPages;

/**
 * A virtqueue that logs its writes to guest memory for a migration: the writes to its ring, and the device's writes to
 * chains, which are logged when the chains are used. Everything that is written into a chain (header, frame, response
 * to a command) is written before the chain is used. So the order is always: write the chains, mark their pages,
 * publish, mark the pages that the publication wrote.
 *
 * <p>It wraps the actual queue, so that queues without a log need no check for one.
 */
final class LoggedVirtqueue implements Virtqueue {
    private final RingVirtqueue queue;
    private final DirtyPages pages;
    private final RingLog ring;
    private final WritablePieces pieces = new WritablePieces();

    /**
     * Starts to log a queue without popped chains. Earlier writes to its ring are marked, too: when a driver starts
     * during a migration, QEMU starts the rings before it sends the log. If the current log does not cover the ring,
     * QEMU sends a larger one later.
     */
    LoggedVirtqueue(RingVirtqueue queue, QueueLog log, Consumer<String> beyond) {
        this.queue = queue;
        this.pages = new DirtyPages(log.log(), log.memory());
        this.ring = new RingLog(pages, log.usedAddress());
        queue.logEverything(ring);
        pages.mark();
        pages.whenBeyond(reason -> beyond.accept(queue.name() + ": " + reason));
    }

    @Override
    public Virtqueue logged(QueueLog log, Consumer<String> beyond) {
        return new LoggedVirtqueue(queue, log, beyond);
    }

    @Override
    public Virtqueue unlogged() {
        return queue;
    }

    @Override
    public String name() {
        return queue.name();
    }

    @Override
    public int size() {
        return queue.size();
    }

    @Override
    public boolean pop(Chain chain) {
        boolean found = queue.pop(chain);
        if (found) {
            pieces.popped(chain);
        }
        return found;
    }

    @Override
    public int pop(Buffers buffers, int most, boolean writable) {
        int taken = queue.pop(buffers, most, writable);
        pieces.popped(buffers, taken, writable);
        return taken;
    }

    @Override
    public void unpop(int chains) {
        pieces.unpopped(chains);
        queue.unpop(chains);
    }

    @Override
    public void unpopWritten(int chains) {
        pieces.unpoppedWritten(chains, pages);
        // Marked immediately, because no publication may follow.
        pages.mark();
        queue.unpop(chains);
    }

    @Override
    public void recordTaken() {
        queue.recordTaken();
    }

    @Override
    public void addUsed(int id, int written) {
        pieces.used(written, pages);
        queue.addUsed(id, written);
    }

    @Override
    public void addUsed(int id) {
        pieces.used(1);
        queue.addUsed(id);
    }

    @Override
    public void addUsed(Buffers buffers, int chains) {
        pages.wrote(buffers.address, buffers.length, chains);
        pieces.used(chains);
        queue.addUsed(buffers, chains);
    }

    @Override
    public void addUsedUnwritten(Buffers buffers, int chains) {
        pieces.used(chains);
        queue.addUsedUnwritten(buffers, chains);
    }

    @Override
    public void finish() {
        queue.finish();
    }

    @Override
    public boolean publish() {
        if (!queue.hasUnpublished()) {
            return false;
        }
        queue.logUsed(ring);
        pages.mark();
        boolean interrupt = queue.publish();
        queue.logPublished(ring);
        // Publishing ends with a full fence.
        pages.markFenced();
        return interrupt;
    }

    @Override
    public boolean hasUnpublished() {
        return queue.hasUnpublished();
    }

    @Override
    public boolean hasAvailable() {
        return queue.hasAvailable();
    }

    @Override
    public boolean enableNotifications() {
        boolean work = queue.enableNotifications();
        markNotifications();
        return work;
    }

    @Override
    public boolean enableNotificationsBeyondSeen() {
        boolean work = queue.enableNotificationsBeyondSeen();
        markNotifications();
        return work;
    }

    @Override
    public void disableNotifications() {
        queue.disableNotifications();
        markNotifications();
    }

    private void markNotifications() {
        queue.logNotifications(ring);
        pages.mark();
    }

    @Override
    public int base() {
        return queue.base();
    }

    @Override
    public String toString() {
        return queue + ", logged";
    }
}
