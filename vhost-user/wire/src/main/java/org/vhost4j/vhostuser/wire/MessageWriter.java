// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.lang.foreign.MemorySegment;

/** Encodes messages as bytes. The caller must send the descriptors together with the first byte. */
public final class MessageWriter {
    private MessageWriter() {}

    /**
     * Returns the size of a message in bytes.
     *
     * @param message the message
     * @return total size of header and payload
     */
    public static int size(Message message) {
        return MessageHeader.BYTES + Math.toIntExact(message.payload().byteSize());
    }

    /**
     * Writes a message.
     *
     * @param message the message; it still owns its descriptors
     * @param bytes memory of at least {@link #size} bytes, filled from the start
     */
    public static void write(Message message, MemorySegment bytes) {
        message.header().write(bytes);
        MemorySegment payload = message.payload();
        MemorySegment.copy(payload, 0, bytes, MessageHeader.BYTES, payload.byteSize());
    }

    /**
     * Returns the bytes of a message.
     *
     * @param message the message; it still owns its descriptors
     * @return header and payload, on the heap
     */
    public static byte[] bytes(Message message) {
        byte[] bytes = new byte[size(message)];
        write(message, MemorySegment.ofArray(bytes));
        return bytes;
    }
}
