// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

/** The kinds of payload (vhost-user protocol, "Payload") with their sizes. */
public enum Payload {
    /** No payload. */
    NONE(0, 0),
    /** One 64-bit number. */
    U64(8, 8),
    /** {@link VringState}. */
    VRING_STATE(VringState.BYTES, VringState.BYTES),
    /** {@link VringAddress}. */
    VRING_ADDRESS(VringAddress.BYTES, VringAddress.BYTES),
    /** {@link MemoryRegions}: as many regions as the count, or room for eight. */
    MEMORY_REGIONS(MemoryRegions.HEADER_BYTES + MemoryRegion.BYTES, MemoryRegions.MAX_BYTES),
    /** {@link SingleMemoryRegion}. */
    SINGLE_MEMORY_REGION(SingleMemoryRegion.BYTES, SingleMemoryRegion.BYTES),
    /** {@link ConfigSpace}. */
    CONFIG_SPACE(ConfigSpace.HEADER_BYTES, ConfigSpace.HEADER_BYTES + ConfigSpace.MAX_SIZE),
    /** {@link LogArea}, or one 64-bit number when the log is not in shared memory. */
    LOG(8, 16),
    /** An IOTLB message, padded to 8 bytes. */
    IOTLB(32, 32),
    /** A description of the in-flight area, with or without its trailing padding. */
    INFLIGHT(20, 24),
    /** The UUID of a shared object. */
    SHARED_OBJECT(16, 16),
    /** Direction and phase of a device state transfer. */
    DEVICE_STATE(8, 8),
    /** A crypto session, whose layout depends on the device type. */
    CRYPTO_SESSION(16, MessageReader.DEFAULT_MAX_PAYLOAD),
    /** A vring area: index, size and offset. */
    VRING_AREA(24, 24),
    /** A mapping into a shared memory region. */
    SHMEM_MAPPING(40, 40),
    /** The sizes of 256 shared memory regions. */
    SHMEM_CONFIG(2056, 2056);

    private final int minBytes;
    private final int maxBytes;

    Payload(int minBytes, int maxBytes) {
        this.minBytes = minBytes;
        this.maxBytes = maxBytes;
    }

    /**
     * Returns the minimum size of the payload.
     *
     * @return size in bytes
     */
    public int minBytes() {
        return minBytes;
    }

    /**
     * Returns the maximum size of the payload.
     *
     * @return size in bytes
     */
    public int maxBytes() {
        return maxBytes;
    }

    /**
     * Returns whether a size is allowed. For some kinds the contents limit the size further; the record of the kind
     * checks that.
     *
     * @param bytes size of the payload
     * @return true when the size is between {@link #minBytes} and {@link #maxBytes}
     */
    public boolean allows(long bytes) {
        return bytes >= minBytes && bytes <= maxBytes;
    }

    /**
     * Returns the allowed sizes as text.
     *
     * @return text such as {@code 8 bytes} or {@code 12 to 268 bytes}
     */
    public String range() {
        return minBytes == maxBytes ? minBytes + " bytes" : minBytes + " to " + maxBytes + " bytes";
    }
}
