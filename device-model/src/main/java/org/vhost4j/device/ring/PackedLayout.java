// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The parts of a packed virtqueue with N descriptors (virtio 1.4 sections 2.8.13 and 2.8.14), little-endian:
 *
 * <pre>
 *   descriptor ring:   { le64 addr; le32 len; le16 id; le16 flags; } [N]
 *   event suppression: le16 off_wrap (15 bits of offset, 1 of wrap counter); le16 flags
 * </pre>
 */
final class PackedLayout {
    /** Size of an event suppression structure in bytes; it is aligned to 4. */
    static final int EVENT_BYTES = 4;

    /** Descriptor flag: the chain continues with the next descriptor of the ring. */
    static final int NEXT = 1;
    /** Descriptor flag: the buffer is device-writable; in a used descriptor: the device wrote to it. */
    static final int WRITE = 2;
    /** Descriptor flag: the buffer is a table of descriptors. */
    static final int INDIRECT = 4;
    /**
     * Descriptor flags: mask of AVAIL and USED. A descriptor is available when the two differ and AVAIL equals the
     * driver's wrap counter.
     */
    static final int MARKS = 0x8080;
    /**
     * Descriptor flags: AVAIL, the one that an available descriptor has while the wrap counter is 1. While it is 0, the
     * descriptor has USED.
     */
    static final int AVAILABLE = 0x0080;
    /**
     * Descriptor flags: AVAIL and USED, which a used descriptor has while the wrap counter is 1. While it is 0, it has
     * neither.
     */
    static final int USED = 0x8080;

    /** Event flags: notifications are enabled. */
    static final int ENABLE = 0;
    /** Event flags: notifications are disabled. */
    static final int DISABLE = 1;
    /** Event flags: notify when the descriptor at the given position is reached; needs EVENT_IDX. */
    static final int DESC = 2;
    /** The bit of the wrap counter in an {@code off_wrap}, and in each half of a SET_VRING_BASE value. */
    static final int WRAP = 0x8000;

    static final int SIZE = 16;
    private static final long FLAGS_OFFSET = 14;

    private static final StructLayout DESCRIPTOR = MemoryLayout.structLayout(
            JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("addr"),
            JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("len"),
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("id"),
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("flags"));

    static final VarHandle ADDR = DESCRIPTOR.varHandle(groupElement("addr")).withInvokeExactBehavior();
    static final VarHandle LEN = DESCRIPTOR.varHandle(groupElement("len")).withInvokeExactBehavior();
    static final VarHandle ID = DESCRIPTOR.varHandle(groupElement("id")).withInvokeExactBehavior();
    static final VarHandle FLAGS = DESCRIPTOR.varHandle(groupElement("flags")).withInvokeExactBehavior();

    private static final StructLayout HALVES = MemoryLayout.structLayout(
            JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("addr"),
            JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("rest"));

    /**
     * The last 8 bytes in one access: {@code len} in bits 0 to 31, {@code id} in bits 32 to 47, {@code flags} in bits
     * 48 to 63.
     */
    static final VarHandle LEN_ID_FLAGS = HALVES.varHandle(groupElement("rest")).withInvokeExactBehavior();

    /**
     * Access to the flags that make a descriptor available or used: aligned, because only aligned access can be
     * ordered.
     */
    static final VarHandle ALIGNED_SHORT =
            JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle().withInvokeExactBehavior();

    /** A whole event suppression structure: {@code off_wrap} in the low half, flags in the high half. */
    static final VarHandle EVENT =
            JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle().withInvokeExactBehavior();

    private PackedLayout() {}

    /**
     * Returns the size of the descriptor ring.
     *
     * @param n the queue size
     * @return bytes; the ring is aligned to 16
     */
    static long descriptorBytes(int n) {
        return (long) SIZE * n;
    }

    /** Returns the offset of a descriptor's flags. */
    static long flagsAt(int index) {
        return (long) SIZE * index + FLAGS_OFFSET;
    }
}
