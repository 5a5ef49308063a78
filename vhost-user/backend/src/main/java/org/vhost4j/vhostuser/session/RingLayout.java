// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;

/** How a ring lies in memory, and what follows for its size, addresses and base (virtio 1.4 sections 2.7 and 2.8). */
public enum RingLayout {
    /** Descriptor table, available ring, used ring. */
    SPLIT(2) {
        @Override
        long descriptorBytes(int size) {
            return 16L * size;
        }

        @Override
        long availBytes(int size) {
            return 6 + 2L * size;
        }

        @Override
        long usedBytes(int size) {
            return 6 + 8L * size;
        }

        @Override
        void validateSize(int size) throws RefusedException {
            if (Integer.bitCount(size) != 1) {
                throw new RefusedException("size " + size + " is not a power of two, which a split ring needs");
            }
        }

        @Override
        void validateBase(int base, int size) throws RefusedException {
            if (base >>> 16 != 0) {
                throw new RefusedException(
                        "base 0x%x does not fit the 16 bits of a split ring's index".formatted(base));
            }
        }
    },
    /** One descriptor ring and two event suppression structures. */
    PACKED(4) {
        @Override
        long descriptorBytes(int size) {
            return 16L * size;
        }

        @Override
        long availBytes(int size) {
            return 4;
        }

        @Override
        long usedBytes(int size) {
            return 4;
        }

        @Override
        void validateSize(int size) {
            // Any size will do.
        }

        @Override
        void validateBase(int base, int size) throws RefusedException {
            // Each half is an index and a wrap counter, which is its top bit.
            if ((base & 0x7fff) >= size || (base >>> 16 & 0x7fff) >= size) {
                throw new RefusedException("base 0x%x has an index outside a ring of %d".formatted(base, size));
            }
        }
    };

    /** The most descriptors that a ring of either layout can have. */
    public static final int MAX_SIZE = 32768;

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
     * What the available ring, or the driver event suppression structure, is aligned to. The descriptors are aligned to 16 and
     * the used ring, or the device event suppression structure, to 4 in both layouts.
     *
     * @return bytes
     */
    int availAlignment() {
        return availAlignment;
    }

    abstract long descriptorBytes(int size);

    abstract long availBytes(int size);

    abstract long usedBytes(int size);

    abstract void validateSize(int size) throws RefusedException;

    abstract void validateBase(int base, int size) throws RefusedException;
}
