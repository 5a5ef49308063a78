// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

/**
 * A virtqueue that records which chains are in flight, for the process that continues after a crash of this one. A
 * chain is marked when it is popped, before any of its bytes are sent. A used chain is unmarked after it was published,
 * in the order that the protocol requires.
 *
 * <p>It wraps the ring's actual queue, so that queues without an in-flight region need no check for one. Chains are
 * used in the order in which they were popped.
 */
final class InflightVirtqueue extends RingVirtqueue {
    private final RingVirtqueue ring;
    private final InflightRecord record;

    /** Entries of the chains that were popped, oldest first: used ones that are not published yet, then the others. */
    private final int[] popped;

    private final int mask;
    private int first;
    private int firstUnused;
    private int end;

    /** Index of the found chain that is popped next. */
    private int nextFound;

    /** Number of chains that were popped from the ring, rather than found in the region, and are not used yet. */
    private int ofRing;

    InflightVirtqueue(RingVirtqueue ring, InflightRecord record, int mostChains) {
        this.ring = ring;
        this.record = record;
        this.popped = new int[Integer.highestOneBit(mostChains) << 1];
        this.mask = popped.length - 1;
    }

    @Override
    public String name() {
        return ring.name();
    }

    @Override
    public int size() {
        return ring.size();
    }

    @Override
    public boolean pop(Chain chain) {
        if (nextFound < record.found.length) {
            record.read(nextFound, chain);
            add(record.found[nextFound]);
            nextFound++;
            return true;
        }
        if (!ring.pop(chain)) {
            return false;
        }
        try {
            add(record.take(chain.id, chain.head));
        } catch (RingFault e) {
            ring.unpop(1);
            throw e;
        }
        ofRing++;
        return true;
    }

    @Override
    public int pop(Buffers buffers, int most, boolean writable) {
        if (nextFound < record.found.length) {
            return 0;
        }
        int index = ring.base() & ~PackedLayout.WRAP & 0xffff;
        int taken = ring.pop(buffers, most, writable);
        for (int i = 0; i < taken; i++) {
            try {
                add(record.take(buffers.id[i], index));
            } catch (RingFault e) {
                // The chain stays in the ring and will be popped again.
                ring.unpop(taken - i);
                return i;
            }
            ofRing++;
            index = index + 1 == size() ? 0 : index + 1;
        }
        return taken;
    }

    private void add(int entry) {
        popped[end & mask] = entry;
        end++;
    }

    @Override
    public void unpop(int chains) {
        for (int i = 0; i < chains; i++) {
            end--;
            if (ofRing == 0) {
                nextFound--;
            } else {
                ofRing--;
                ring.unpop(1);
                record.release(popped[end & mask]);
            }
        }
    }

    @Override
    public void addUsed(int id, int written) {
        ring.addUsed(id, written);
        used(1);
    }

    @Override
    public void addUsed(int id) {
        ring.addUsed(id);
        used(1);
    }

    @Override
    public void addUsed(Buffers buffers, int chains) {
        ring.addUsed(buffers, chains);
        used(chains);
    }

    @Override
    public void addUsedUnwritten(Buffers buffers, int chains) {
        ring.addUsedUnwritten(buffers, chains);
        used(chains);
    }

    @Override
    public void recordTaken() {
        // Popped chains are recorded already.
    }

    private void used(int chains) {
        firstUnused += chains;
        ofRing = Math.min(ofRing, end - firstUnused);
    }

    @Override
    public void finish() {
        while (nextFound < record.found.length) {
            add(record.found[nextFound]);
            addUsed(record.id(nextFound), 0);
            nextFound++;
        }
    }

    @Override
    public boolean publish() {
        if (!ring.hasUnpublished()) {
            return false;
        }
        for (int i = first; i != firstUnused; i++) {
            record.use(popped[i & mask]);
        }
        record.publishing();
        boolean interrupt = ring.publish();
        while (first != firstUnused) {
            record.clear(popped[first & mask]);
            first++;
        }
        record.published();
        return interrupt;
    }

    @Override
    public boolean hasUnpublished() {
        return ring.hasUnpublished();
    }

    @Override
    public boolean hasAvailable() {
        return nextFound < record.found.length || ring.hasAvailable();
    }

    @Override
    public boolean enableNotifications() {
        return ring.enableNotifications() || nextFound < record.found.length;
    }

    @Override
    public boolean enableNotificationsBeyondSeen() {
        return ring.enableNotificationsBeyondSeen();
    }

    @Override
    public void disableNotifications() {
        ring.disableNotifications();
    }

    @Override
    public int base() {
        return ring.base();
    }

    @Override
    void logEverything(RingLog log) {
        ring.logEverything(log);
    }

    @Override
    void logUsed(RingLog log) {
        ring.logUsed(log);
    }

    @Override
    void logPublished(RingLog log) {
        ring.logPublished(log);
    }

    @Override
    void logNotifications(RingLog log) {
        ring.logNotifications(log);
    }

    @Override
    public String toString() {
        return ring + ", in flight " + (end - first);
    }
}
