// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import org.vhost4j.device.memory.GuestMemory;

/**
 * The part of a front-end's in-flight area for one queue (vhost-user protocol, "Inflight I/O tracking"): memory that
 * outlives this process and records the chains that the device has popped but not yet used. Regions of both layouts
 * begin in the same way, in the machine's byte order:
 *
 * <pre>
 *   0  u64 features   0
 *   8  u16 version    1; 0: not initialized
 *  10  u16 desc_num   number of entries after the header
 * </pre>
 *
 * <p>Each field is read once and checked when the queue is opened; after that the region is only written. So what a
 * front-end writes there while the queue runs has no effect until the next start.
 */
public final class InflightRegion {
    static final int VERSION = 1;

    private static final int VERSION_OFFSET = 8;
    private static final int DESC_NUM_OFFSET = 10;
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle().withInvokeExactBehavior();
    private static final VarHandle SHORT = ValueLayout.JAVA_SHORT.varHandle().withInvokeExactBehavior();

    private final MemorySegment region;
    private final int entries;

    /**
     * Creates the region of one queue.
     *
     * @param region memory of at least {@link RingLayout#inflightBytes} bytes, aligned to 8
     * @param entries number of descriptors for which the region has entries, 1 to {@link RingLayout#MAX_SIZE}
     */
    public InflightRegion(MemorySegment region, int entries) {
        this.region = region;
        this.entries = entries;
    }

    /**
     * Returns the size of the region in bytes.
     *
     * @return the size, including unused bytes after the entries
     */
    public long bytes() {
        return region.byteSize();
    }

    /**
     * Returns the number of descriptors for which the region has entries.
     *
     * @return at least the size of the queue
     */
    public int entries() {
        return entries;
    }

    /**
     * Opens a queue whose chains are tracked here. A region that is not initialized is initialized. With an initialized
     * region, the queue continues after the chains in flight, which follow the used position: the used index in a split
     * ring, or the region's used_idx and used_wrap_counter for a packed ring. The base that the front-end sent is then
     * ignored, because a front-end does not know the position of a process that has died.
     *
     * <p>Chains that were in flight are processed first, in the order in which they were popped: each is popped again,
     * or used with length 0.
     *
     * @param layout the ring's layout
     * @param name the queue's name in messages
     * @param size number of descriptors, no more than {@link #entries}
     * @param parts the memory of the ring
     * @param memory the memory table
     * @param base position at which to begin when the region is not initialized, as in {@link Virtqueue#base()}
     * @param features the negotiated features
     * @param again true to pop chains that were in flight again; false to use them with length 0, because their effect
     *     must not be repeated
     * @return the queue
     * @throws RingFault when the ring is invalid, as for {@link RingLayout#open}, or the region contradicts itself or
     *     the ring; the reason begins with the queue's name
     */
    public Virtqueue open(
            RingLayout layout,
            String name,
            int size,
            RingParts parts,
            GuestMemory memory,
            int base,
            RingFeatures features,
            boolean again) {
        InflightRecord record = layout.inflight(this, name, size, parts, memory, features);
        int version = u16(VERSION_OFFSET);
        if (version == 0) {
            // The base is used, so it is checked; reading the used index of a split ring needs the ring.
            layout.open(name, size, parts, memory, base, features);
            record.begin(base);
            put16(DESC_NUM_OFFSET, entries);
            putLong(0, 0);
            VarHandle.releaseFence();
            put16(VERSION_OFFSET, VERSION);
        } else {
            layout.open(name, size, parts, memory, layout.startBase(), features);
            requireKnown(name, version);
            record.recover();
        }
        InflightVirtqueue queue = new InflightVirtqueue(record.ring(), record, entries);
        if (!again) {
            queue.finish();
        }
        return queue;
    }

    private void requireKnown(String name, int version) {
        if (version != VERSION) {
            throw fault(name, "has version " + version + ", not " + VERSION);
        }
        long unknown = (long) LONG.get(region, 0L);
        if (unknown != 0) {
            throw fault(name, "has unknown features 0x%x".formatted(unknown));
        }
        int number = u16(DESC_NUM_OFFSET);
        if (number != entries) {
            throw fault(name, "has entries for %d descriptors, not %d as announced".formatted(number, entries));
        }
    }

    /**
     * Resets the region to "not initialized", after GET_VRING_BASE or a reset of the queue. The queue must not be open,
     * and no chain may be in flight.
     */
    public void forget() {
        put16(VERSION_OFFSET, 0);
        VarHandle.releaseFence();
    }

    static RingFault fault(String name, String what) {
        return new RingFault(name + ": the in-flight area " + what);
    }

    int u8(long at) {
        return region.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    void put8(long at, int value) {
        region.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    int u16(long at) {
        return (short) SHORT.get(region, at) & 0xffff;
    }

    void put16(long at, int value) {
        SHORT.set(region, at, (short) value);
    }

    void put32(long at, int value) {
        region.set(ValueLayout.JAVA_INT, at, value);
    }

    long getLong(long at) {
        return (long) LONG.get(region, at);
    }

    void putLong(long at, long value) {
        LONG.set(region, at, value);
    }
}
