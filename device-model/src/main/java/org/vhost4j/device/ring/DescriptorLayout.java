// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A descriptor of the split format (virtio 1.4 section 2.7.5), little-endian:
 *
 * <pre>
 *   0  le64 addr   guest-physical
 *   8  le32 len
 *  12  le16 flags  NEXT 1, WRITE 2, INDIRECT 4
 *  14  le16 next
 * </pre>
 *
 * <p>The handles are those of the whole struct, so that reading all four fields costs one bounds check.
 */
final class DescriptorLayout {
    static final int SIZE = 16;
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;

    private static final StructLayout LAYOUT = MemoryLayout.structLayout(
            JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("addr"),
            JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("len"),
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("flags"),
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("next"));

    static final VarHandle ADDR = LAYOUT.varHandle(groupElement("addr")).withInvokeExactBehavior();
    static final VarHandle LEN = LAYOUT.varHandle(groupElement("len")).withInvokeExactBehavior();
    static final VarHandle FLAGS = LAYOUT.varHandle(groupElement("flags")).withInvokeExactBehavior();
    static final VarHandle NEXT_INDEX = LAYOUT.varHandle(groupElement("next")).withInvokeExactBehavior();

    private static final StructLayout HALVES = MemoryLayout.structLayout(
            JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("addr"),
            JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("rest"));

    /**
     * The last 8 bytes in one access: {@code len} in bits 0 to 31, {@code flags} in bits 32 to 47, {@code next} in bits
     * 48 to 63.
     */
    static final VarHandle LEN_FLAGS_NEXT =
            HALVES.varHandle(groupElement("rest")).withInvokeExactBehavior();

    private DescriptorLayout() {}
}
