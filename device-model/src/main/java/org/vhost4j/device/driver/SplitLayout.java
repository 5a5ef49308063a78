// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The layout of a split virtqueue (virtio 1.4 section 2.7); every field is little-endian. */
final class SplitLayout {
    /** Offset of the first entry in the available ring and in the used ring, after flags and idx. */
    static final int ENTRIES = 4;
    /** Offset of idx in both rings. */
    static final int IDX = 2;
    /** Size in bytes of an entry of the available ring. */
    static final int AVAIL_ENTRY_BYTES = 2;
    /** Size in bytes of a used element. */
    static final int USED_ENTRY_BYTES = 8;

    /** Access to little-endian 16-bit fields; rings are aligned, so acquire reads are allowed. */
    static final VarHandle LE16 = ValueLayout.JAVA_SHORT
            .withOrder(ByteOrder.LITTLE_ENDIAN)
            .varHandle()
            .withInvokeExactBehavior();

    private static final StructLayout DESCRIPTOR = MemoryLayout.structLayout(
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("addr"),
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("len"),
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("flags"),
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("next"));
    private static final StructLayout USED = MemoryLayout.structLayout(
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("id"),
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN).withName("len"));

    static final VarHandle ADDR = field(DESCRIPTOR, "addr");
    static final VarHandle LEN = field(DESCRIPTOR, "len");
    static final VarHandle FLAGS = field(DESCRIPTOR, "flags");
    static final VarHandle NEXT = field(DESCRIPTOR, "next");
    static final VarHandle USED_ID = field(USED, "id");
    static final VarHandle USED_LEN = field(USED, "len");

    private SplitLayout() {}

    /** Returns the size in bytes of the available ring with its used_event field. */
    static long availBytes(int size) {
        return ENTRIES + (long) AVAIL_ENTRY_BYTES * size + 2;
    }

    /** Returns the size in bytes of the used ring with its avail_event field. */
    static long usedBytes(int size) {
        return ENTRIES + (long) USED_ENTRY_BYTES * size + 2;
    }

    /** Returns the offset of used_event in the available ring. */
    static long usedEvent(int size) {
        return ENTRIES + (long) AVAIL_ENTRY_BYTES * size;
    }

    /** Returns the offset of avail_event in the used ring. */
    static long availEvent(int size) {
        return ENTRIES + (long) USED_ENTRY_BYTES * size;
    }

    private static VarHandle field(StructLayout layout, String name) {
        return layout.varHandle(PathElement.groupElement(name)).withInvokeExactBehavior();
    }
}
