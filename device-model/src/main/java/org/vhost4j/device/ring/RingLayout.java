// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;

/** How a ring lies in memory, and what follows for its size, addresses and base (virtio 1.4 sections 2.7 and 2.8). */
public enum RingLayout {
    /** Descriptor table, available ring, used ring. */
    SPLIT(2) {
        @Override
        public long descriptorBytes(int size) {
            return 16L * size;
        }

        @Override
        public long availBytes(int size) {
            return 6 + 2L * size;
        }

        @Override
        public long usedBytes(int size) {
            return 6 + 8L * size;
        }

        @Override
        public void validateSize(int size) {
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
    },
    /** One descriptor ring and two event suppression structures. */
    PACKED(4) {
        @Override
        public long descriptorBytes(int size) {
            return 16L * size;
        }

        @Override
        public long availBytes(int size) {
            return 4;
        }

        @Override
        public long usedBytes(int size) {
            return 4;
        }

        @Override
        public void validateSize(int size) {
            // Any size will do.
        }

        @Override
        public void validateBase(int base, int size) {
            // Each half is an index and a wrap counter, which is its top bit.
            if ((base & 0x7fff) >= size || (base >>> 16 & 0x7fff) >= size) {
                throw new RingFault("base 0x%x has an index outside a ring of %d".formatted(base, size));
            }
        }
    };

    /** The most descriptors that a ring of either layout can have. */
    public static final int MAX_SIZE = 32768;

    /** What the descriptors of either layout are aligned to, in bytes. */
    public static final int DESCRIPTOR_ALIGNMENT = 16;

    /** What the used ring, or the device event suppression structure, is aligned to in bytes. */
    public static final int USED_ALIGNMENT = 4;

    /** Where a packed ring begins after a reset: both indices 0, both wrap counters 1. A split one begins at 0. */
    private static final int PACKED_START = 0x8000_8000;

    private final int availAlignment;

    RingLayout(int availAlignment) {
        this.availAlignment = availAlignment;
    }

    /**
     * The layout that was negotiated.
     *
     * @param features what the front-end acknowledged
     * @return {@link #PACKED} with RING_PACKED
     */
    public static RingLayout of(FeatureSet features) {
        return features.has(Feature.RING_PACKED) ? PACKED : SPLIT;
    }

    /**
     * The base of a ring for which the front-end set none.
     *
     * @return as in SET_VRING_BASE
     */
    public int startBase() {
        return this == PACKED ? PACKED_START : 0;
    }

    /**
     * Whether a ring begins anew, rather than where one was stopped.
     *
     * @param base as in SET_VRING_BASE; DPDK leaves the high half of a packed ring's 0
     * @return true for the base after a reset
     */
    public boolean begins(int base) {
        return this == PACKED ? base == PACKED_START || base == (PACKED_START & 0xffff) : base == 0;
    }

    /**
     * What the available ring, or the driver event suppression structure, is aligned to.
     *
     * @return bytes
     */
    public int availAlignment() {
        return availAlignment;
    }

    /**
     * The length of the descriptor table, or of the packed descriptor ring.
     *
     * @param size number of descriptors
     * @return bytes
     */
    public abstract long descriptorBytes(int size);

    /**
     * The length of the available ring with its {@code used_event}, or of the driver event suppression structure.
     *
     * @param size number of descriptors
     * @return bytes
     */
    public abstract long availBytes(int size);

    /**
     * The length of the used ring with its {@code avail_event}, or of the device event suppression structure.
     *
     * @param size number of descriptors
     * @return bytes
     */
    public abstract long usedBytes(int size);

    /**
     * Checks the number of descriptors.
     *
     * @param size 1 to {@link #MAX_SIZE}
     * @throws RingFault when this layout cannot have so many
     */
    public abstract void validateSize(int size);

    /**
     * Checks where a ring is to begin.
     *
     * @param base as in SET_VRING_BASE
     * @param size number of descriptors
     * @throws RingFault when an index is outside the ring
     */
    public abstract void validateBase(int base, int size);
}
