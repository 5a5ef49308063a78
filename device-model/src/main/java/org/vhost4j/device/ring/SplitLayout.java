// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The two rings of a split virtqueue with N descriptors (virtio 1.4 sections 2.7.6 and 2.7.8), little-endian:
 *
 * <pre>
 *   avail: le16 flags; le16 idx; le16 ring[N]; le16 used_event;
 *   used:  le16 flags; le16 idx; { le32 id; le32 len; } ring[N]; le16 avail_event;
 * </pre>
 */
final class SplitLayout {
    /** Flag of the available ring: the driver needs no interrupts (VIRTQ_AVAIL_F_NO_INTERRUPT). */
    static final int AVAIL_NO_INTERRUPT = 1;
    /** Flag of the used ring: the device needs no notifications (VIRTQ_USED_F_NO_NOTIFY). */
    static final int USED_NO_NOTIFY = 1;

    static final int FLAGS = 0;
    static final int IDX = 2;
    static final int RING = 4;
    static final int USED_ELEMENT_SIZE = 8;

    private static final StructLayout ELEMENT = MemoryLayout.structLayout(
            JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("id"),
            JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("len"));

    static final VarHandle SHORT =
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle().withInvokeExactBehavior();
    /**
     * Access to the indices that the driver stores with release order: aligned, because only aligned access can be
     * ordered.
     */
    static final VarHandle ALIGNED_SHORT =
            JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle().withInvokeExactBehavior();

    static final VarHandle ELEMENT_ID = ELEMENT.varHandle(groupElement("id")).withInvokeExactBehavior();
    /** A whole used element: {@code id} in the low half, {@code len} in the high half. */
    static final VarHandle ELEMENT_WHOLE =
            JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle().withInvokeExactBehavior();

    static final VarHandle ELEMENT_LEN = ELEMENT.varHandle(groupElement("len")).withInvokeExactBehavior();

    private SplitLayout() {}

    /**
     * Returns the size of the descriptor table.
     *
     * @param n the queue size
     * @return bytes; the table is aligned to 16
     */
    static long descriptorBytes(int n) {
        return (long) DescriptorLayout.SIZE * n;
    }

    /**
     * Returns the size of the available ring, {@code used_event} included.
     *
     * @param n the queue size
     * @return bytes; the ring is aligned to 2
     */
    static long availBytes(int n) {
        return RING + 2L * n + 2;
    }

    /**
     * Returns the size of the used ring, {@code avail_event} included.
     *
     * @param n the queue size
     * @return bytes; the ring is aligned to 4
     */
    static long usedBytes(int n) {
        return RING + (long) USED_ELEMENT_SIZE * n + 2;
    }
}
