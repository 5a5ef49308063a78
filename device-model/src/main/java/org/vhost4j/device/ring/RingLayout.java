// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;

/** The layout of a ring in memory, with its rules for size, addresses and base (virtio 1.4 sections 2.7 and 2.8). */
public enum RingLayout {
    /** Descriptor table, available ring, used ring. */
    SPLIT("descriptor table", "available ring", 2, "used ring") {
        @Override
        public long descriptorBytes(int size) {
            return SplitLayout.descriptorBytes(size);
        }

        @Override
        public long availBytes(int size) {
            return SplitLayout.availBytes(size);
        }

        @Override
        public long usedBytes(int size) {
            return SplitLayout.usedBytes(size);
        }

        @Override
        public void validateSize(int size) {
            inRange(size);
            if (Integer.bitCount(size) != 1) {
                throw new RingFault("size " + size + " is not a power of two, which a split ring needs");
            }
        }

        @Override
        public void validateBase(int base, int size) {
            if (base >>> 16 != 0) {
                throw new RingFault("base 0x%x does not fit the 16 bits of a split ring's index".formatted(base));
            }
        }

        @Override
        public long inflightBytes(int entries) {
            return SplitInflight.HEADER_BYTES + (long) SplitInflight.ENTRY_BYTES * entries;
        }

        @Override
        InflightRecord inflight(
                InflightRegion region,
                String name,
                int size,
                RingParts parts,
                GuestMemory memory,
                RingFeatures features) {
            return new SplitInflight(region, name, size, parts, memory, features);
        }

        @Override
        Virtqueue make(
                String name,
                int size,
                RingParts parts,
                GuestMemory memory,
                int base,
                RingFeatures features,
                QueueProgress progress) {
            return new SplitVirtqueue(name, size, parts, memory, base, features, progress);
        }

        @Override
        Virtqueue recover(
                String name,
                int size,
                RingParts parts,
                GuestMemory memory,
                int base,
                RingFeatures features,
                QueueProgress progress) {
            SplitVirtqueue dead = new SplitVirtqueue(name, size, parts, memory, base, features, progress);
            int next = dead.recover(progress.taken(), base);
            return new SplitVirtqueue(name, size, parts, memory, next, features, progress);
        }
    },
    /** One descriptor ring and two event suppression structures. */
    PACKED("descriptor ring", "driver event suppression", 4, "device event suppression") {
        @Override
        public long descriptorBytes(int size) {
            return PackedLayout.descriptorBytes(size);
        }

        @Override
        public long availBytes(int size) {
            return PackedLayout.EVENT_BYTES;
        }

        @Override
        public long usedBytes(int size) {
            return PackedLayout.EVENT_BYTES;
        }

        @Override
        public void validateSize(int size) {
            inRange(size);
        }

        @Override
        public void validateBase(int base, int size) {
            // Each half is an index with the wrap counter in the top bit.
            if ((base & 0x7fff) >= size || (base >>> 16 & 0x7fff) >= size) {
                throw new RingFault("base 0x%x has an index outside a ring of %d".formatted(base, size));
            }
        }

        @Override
        public long inflightBytes(int entries) {
            return PackedInflight.HEADER_BYTES + (long) PackedInflight.ENTRY_BYTES * entries;
        }

        @Override
        InflightRecord inflight(
                InflightRegion region,
                String name,
                int size,
                RingParts parts,
                GuestMemory memory,
                RingFeatures features) {
            return new PackedInflight(region, name, size, parts, memory, features);
        }

        @Override
        Virtqueue make(
                String name,
                int size,
                RingParts parts,
                GuestMemory memory,
                int base,
                RingFeatures features,
                QueueProgress progress) {
            return new PackedVirtqueue(name, size, parts, memory, base, features, progress);
        }

        @Override
        Virtqueue recover(
                String name,
                int size,
                RingParts parts,
                GuestMemory memory,
                int base,
                RingFeatures features,
                QueueProgress progress) {
            PackedRecovery found = new PackedRecovery(size, parts.descriptors(), progress, base, features.inOrder());
            int from = found.from << 16 | found.from;
            PackedVirtqueue dead = new PackedVirtqueue(name, size, parts, memory, from, features, progress);
            dead.recover(found, base);
            return new PackedVirtqueue(name, size, parts, memory, found.next << 16 | found.next, features, progress);
        }
    };

    /** The maximum number of descriptors in a ring of either layout. */
    public static final int MAX_SIZE = 32768;

    /** The alignment of the descriptors of either layout in bytes. */
    public static final int DESCRIPTOR_ALIGNMENT = 16;

    /** The alignment of the used ring, or of the device event suppression structure, in bytes. */
    public static final int USED_ALIGNMENT = 4;

    /**
     * Base of a packed ring after a reset: both indices 0, both wrap counters 1. The base of a split ring after a reset
     * is 0.
     */
    private static final int PACKED_START = 0x8000_8000;

    private final String descriptorsName;
    private final String availName;
    private final int availAlignment;
    private final String usedName;

    RingLayout(String descriptorsName, String availName, int availAlignment, String usedName) {
        this.descriptorsName = descriptorsName;
        this.availName = availName;
        this.availAlignment = availAlignment;
        this.usedName = usedName;
    }

    /**
     * Returns the negotiated layout.
     *
     * @param features features that the front-end acknowledged
     * @return {@link #PACKED} with RING_PACKED, otherwise {@link #SPLIT}
     */
    public static RingLayout of(FeatureSet features) {
        return features.has(Feature.RING_PACKED) ? PACKED : SPLIT;
    }

    /**
     * Returns the base of a ring for which the front-end has sent no SET_VRING_BASE.
     *
     * @return the base, as in SET_VRING_BASE
     */
    public int startBase() {
        return this == PACKED ? PACKED_START : 0;
    }

    /**
     * Returns whether a base is that of a ring after a reset, as opposed to a ring that was stopped and continues.
     *
     * @param base the base, as in SET_VRING_BASE; DPDK leaves the high half of a packed ring's base 0
     * @return true for the base after a reset
     */
    public boolean begins(int base) {
        return this == PACKED ? base == PACKED_START || base == (PACKED_START & 0xffff) : base == 0;
    }

    /**
     * Returns the alignment of the available ring, or of the driver event suppression structure.
     *
     * @return the alignment in bytes
     */
    public int availAlignment() {
        return availAlignment;
    }

    /**
     * Returns the length of the descriptor table, or of the packed descriptor ring.
     *
     * @param size number of descriptors
     * @return size in bytes
     */
    public abstract long descriptorBytes(int size);

    /**
     * Returns the length of the available ring with its {@code used_event}, or of the driver event suppression
     * structure.
     *
     * @param size number of descriptors
     * @return size in bytes
     */
    public abstract long availBytes(int size);

    /**
     * Returns the length of the used ring with its {@code avail_event}, or of the device event suppression structure.
     *
     * @param size number of descriptors
     * @return size in bytes
     */
    public abstract long usedBytes(int size);

    /**
     * Returns the length of a queue's region in a front-end's in-flight area.
     *
     * @param entries number of descriptors
     * @return size in bytes
     */
    public abstract long inflightBytes(int entries);

    abstract InflightRecord inflight(
            InflightRegion region, String name, int size, RingParts parts, GuestMemory memory, RingFeatures features);

    /**
     * Slices the parts of a ring out of one memory segment.
     *
     * @param memory memory that contains the parts
     * @param size number of descriptors
     * @param descriptors offset of the descriptors in {@code memory}
     * @param avail offset of the available ring, or of the driver event suppression structure
     * @param used offset of the used ring, or of the device event suppression structure
     * @return the parts, each with its required length
     * @throws IndexOutOfBoundsException when one of them is not inside {@code memory}
     */
    public RingParts parts(MemorySegment memory, int size, long descriptors, long avail, long used) {
        return new RingParts(
                memory.asSlice(descriptors, descriptorBytes(size)),
                memory.asSlice(avail, availBytes(size)),
                memory.asSlice(used, usedBytes(size)));
    }

    /**
     * Starts the device side of a queue whose ring is mapped already. Its progress is not recorded.
     *
     * @param name the queue's name in messages
     * @param size number of descriptors: 1 to {@link #MAX_SIZE}, of a split ring a power of two
     * @param parts the memory of the ring
     * @param memory the memory table
     * @param base position at which to begin, as in {@link Virtqueue#base()}; for a packed ring, a high half of 0
     *     stands for the same value as the low half
     * @param features the negotiated features
     * @return the queue
     * @throws RingFault when a size, an alignment or the base is not allowed; the reason begins with the queue's name
     */
    public Virtqueue open(String name, int size, RingParts parts, GuestMemory memory, int base, RingFeatures features) {
        return open(name, size, parts, memory, base, features, QueueProgress.temporary(), 0);
    }

    /**
     * Starts the device side of a queue and records its progress.
     *
     * @param name the queue's name in messages
     * @param size number of descriptors: 1 to {@link #MAX_SIZE}, of a split ring a power of two
     * @param parts the memory of the ring
     * @param memory the memory table
     * @param base position at which to begin, as in {@link Virtqueue#base()}; for a packed ring, a high half of 0
     *     stands for the same value as the low half
     * @param features the negotiated features
     * @param progress record of the queue's position; its previous contents are discarded
     * @param ring identifies the memory of the ring
     * @return the queue
     * @throws RingFault when a size, an alignment or the base is not allowed; the reason begins with the queue's name
     */
    public Virtqueue open(
            String name,
            int size,
            RingParts parts,
            GuestMemory memory,
            int base,
            RingFeatures features,
            QueueProgress progress,
            long ring) {
        require(name, size, parts, base);
        progress.begin(this, size, base, ring);
        return make(name, size, parts, memory, base, features, progress);
    }

    /**
     * Starts the device side of a queue that was stopped without the front-end's knowledge, in this process or in one
     * that this process replaces. The base that the front-end sent for the start stays recorded.
     *
     * @param name the queue's name in messages
     * @param size number of descriptors: 1 to {@link #MAX_SIZE}, of a split ring a power of two
     * @param parts the memory of the ring
     * @param memory the memory table
     * @param base position at which the queue was stopped, as in {@link Virtqueue#base()}
     * @param features the negotiated features
     * @param progress record of the queue's position, which is kept and continued
     * @param ring identifies the memory of the ring
     * @return the queue
     * @throws RingFault when a size, an alignment or the base is not allowed; the reason begins with the queue's name
     */
    public Virtqueue resume(
            String name,
            int size,
            RingParts parts,
            GuestMemory memory,
            int base,
            RingFeatures features,
            QueueProgress progress,
            long ring) {
        if (!progress.isOf(this, size, ring)) {
            Virtqueue queue = open(name, size, parts, memory, base, features, progress, ring);
            progress.givenElsewhere();
            return queue;
        }
        require(name, size, parts, base);
        return make(name, size, parts, memory, base, features, progress);
    }

    /**
     * Starts the device side of a queue whose device died or whose connection ended, and returns to the driver the
     * chains that the device had popped, so that no frame is sent twice. The caller must interrupt the driver once,
     * because the device may have died after using chains and before the interrupt.
     *
     * @param name the queue's name in messages
     * @param size number of descriptors: 1 to {@link #MAX_SIZE}, of a split ring a power of two
     * @param parts the memory of the ring
     * @param memory the memory table
     * @param base position that the front-end sent, which is used when there is no valid record
     * @param features the negotiated features
     * @param progress record of the queue's position, which is continued
     * @param ring identifies the memory of the ring
     * @param contradicted receives the reason, one line, when the record is ignored because it contradicts the ring
     * @return the queue
     * @throws RingFault when a size, an alignment or the base is not allowed; the reason begins with the queue's name
     */
    public Virtqueue reopen(
            String name,
            int size,
            RingParts parts,
            GuestMemory memory,
            int base,
            RingFeatures features,
            QueueProgress progress,
            long ring,
            Consumer<String> contradicted) {
        require(name, size, parts, base);
        if (progress.isOf(this, size, ring)) {
            try {
                return recover(name, size, parts, memory, base, features, progress);
            } catch (RingFault e) {
                contradicted.accept(e.reason());
            }
        }
        return open(name, size, parts, memory, base, features, progress, ring);
    }

    private void require(String name, int size, RingParts parts, int base) {
        try {
            validateSize(size);
            validateBase(base, size);
            require(descriptorsName, parts.descriptors(), descriptorBytes(size), DESCRIPTOR_ALIGNMENT);
            require(availName, parts.avail(), availBytes(size), availAlignment);
            require(usedName, parts.used(), usedBytes(size), USED_ALIGNMENT);
        } catch (RingFault e) {
            throw new RingFault(name + ": " + e.reason());
        }
    }

    abstract Virtqueue make(
            String name,
            int size,
            RingParts parts,
            GuestMemory memory,
            int base,
            RingFeatures features,
            QueueProgress progress);

    /**
     * Returns every popped chain to the driver, then returns a queue at the position after them. Writes nothing when it
     * throws.
     */
    abstract Virtqueue recover(
            String name,
            int size,
            RingParts parts,
            GuestMemory memory,
            int base,
            RingFeatures features,
            QueueProgress progress);

    private static void require(String what, MemorySegment part, long bytes, int alignment) {
        if (part.byteSize() < bytes) {
            throw new RingFault("the %s has %d bytes of the %d needed".formatted(what, part.byteSize(), bytes));
        }
        if (part.address() % alignment != 0) {
            throw new RingFault("the %s is not aligned to %d bytes".formatted(what, alignment));
        }
    }

    private static void inRange(int size) {
        if (size < 1 || size > MAX_SIZE) {
            throw new RingFault("size " + size + " is not from 1 to " + MAX_SIZE);
        }
    }

    /**
     * Checks the number of descriptors.
     *
     * @param size number of descriptors
     * @throws RingFault when the size is not 1 to {@link #MAX_SIZE}, or not a power of two for a split ring
     */
    public abstract void validateSize(int size);

    /**
     * Checks the position at which a ring is to begin.
     *
     * @param base the position, as in SET_VRING_BASE
     * @param size number of descriptors
     * @throws RingFault when an index is outside the ring
     */
    public abstract void validateBase(int base, int size);
}
