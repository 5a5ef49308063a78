// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.trace;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.MessageText;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The bytes that one call transferred over a connection.
 *
 * @param connection the connection's number, from 1, followed by {@code c} for the back-end's channel
 * @param sent whether the front-end sent it
 * @param bytes a message with its header, several messages, or a part of one
 * @param descriptors number of descriptors
 */
@SuppressWarnings("ArrayRecordComponent") // equals is implemented below, and the array is not shared.
public record TracedMessage(String connection, boolean sent, byte[] bytes, int descriptors) {
    static final String CHANNEL = "c";

    private static final int SIZE_OFFSET = 8;

    /** Offset of the region in a single-region message, and of a field in the region. */
    private static final int REGIONS_OFFSET = 8;

    private static final int USER_ADDRESS_OFFSET = 16;

    /** Creates an entry for a received message, which the receiver still owns. */
    static TracedMessage received(String connection, RawMessage message) {
        ByteBuffer from = message.payload().duplicate();
        byte[] payload = new byte[from.remaining()];
        from.get(payload);
        return new TracedMessage(
                connection,
                false,
                RawMessage.encode(message.request(), message.flags(), payload),
                message.descriptors().size());
    }

    /**
     * Formats the message as text.
     *
     * @return one line
     */
    public String text() {
        if (bytes.length < MessageHeader.BYTES || size() != bytes.length - MessageHeader.BYTES) {
            return bytes.length + " bytes that are not one whole message";
        }
        ByteBuffer header = header();
        MemorySegment payload = MemorySegment.ofArray(Arrays.copyOfRange(bytes, MessageHeader.BYTES, bytes.length));
        return connection.endsWith(CHANNEL)
                ? MessageText.ofBackEnd(header.getInt(0), header.getInt(4), payload, descriptors)
                : MessageText.ofFrontEnd(header.getInt(0), header.getInt(4), payload, descriptors);
    }

    private ByteBuffer header() {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    private long size() {
        return header().getInt(SIZE_OFFSET) & 0xffff_ffffL;
    }

    /**
     * Returns whether a message of another run is the same. Addresses in the memory of a process differ from run to run and are ignored.
     *
     * @param other the message of the other run
     * @return true when all other bytes are equal
     */
    public boolean isSameAs(TracedMessage other) {
        return connection.equals(other.connection)
                && sent == other.sent
                && descriptors == other.descriptors
                && Arrays.equals(withoutAddresses(), other.withoutAddresses());
    }

    private byte[] withoutAddresses() {
        byte[] copy = bytes.clone();
        if (copy.length < MessageHeader.BYTES || connection.endsWith(CHANNEL)) {
            return copy;
        }
        Request request = Request.ofCode(header().getInt(0)).orElse(null);
        if (request == Request.SET_VRING_ADDR) {
            clear(copy, 8, 3 * Long.BYTES);
        } else if (request == Request.IOTLB_MSG && copy.length == MessageHeader.BYTES + IotlbMessage.BYTES) {
            clear(copy, USER_ADDRESS_OFFSET, Long.BYTES);
        } else if (request == Request.SET_MEM_TABLE
                || request == Request.ADD_MEM_REG
                || request == Request.REM_MEM_REG) {
            for (int at = REGIONS_OFFSET; at < copy.length; at += MemoryRegion.BYTES) {
                clear(copy, at + USER_ADDRESS_OFFSET, Long.BYTES);
            }
        }
        return copy;
    }

    /** Clears a part of the payload, as far as it exists. */
    private static void clear(byte[] message, int offset, int count) {
        int from = Math.min(message.length, MessageHeader.BYTES + offset);
        Arrays.fill(message, from, Math.min(message.length, from + count), (byte) 0);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TracedMessage message && isSameAs(message) && Arrays.equals(bytes, message.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "#" + connection + (sent ? " > " : " < ") + text();
    }
}
