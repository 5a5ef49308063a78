// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MessageHeader;

/** One message as received, unchecked. It owns its descriptors. */
public final class RawMessage implements AutoCloseable {
    private final int request;
    private final int flags;
    private final byte[] payload;
    private final List<Fd> descriptors;

    RawMessage(int request, int flags, byte[] payload, List<Fd> descriptors) {
        this.request = request;
        this.flags = flags;
        this.payload = payload;
        this.descriptors = descriptors;
    }

    /**
     * A message as bytes, in the machine's byte order.
     *
     * @param request the header's first field
     * @param flags the header's second field
     * @param payload everything after the header; the header's size field is its length
     * @return header and payload
     */
    public static byte[] encode(int request, int flags, byte[] payload) {
        return encode(request, flags, payload.length, payload);
    }

    /**
     * A message whose header may lie about its size.
     *
     * @param request the header's first field
     * @param flags the header's second field
     * @param size the header's third field
     * @param payload everything after the header
     * @return header and payload
     */
    public static byte[] encode(int request, int flags, int size, byte[] payload) {
        return buffer(MessageHeader.BYTES + payload.length)
                .putInt(request)
                .putInt(flags)
                .putInt(size)
                .put(payload)
                .array();
    }

    static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    /**
     * The header's first field.
     *
     * @return a request code
     */
    public int request() {
        return request;
    }

    /**
     * The header's second field.
     *
     * @return version and flags
     */
    public int flags() {
        return flags;
    }

    /**
     * The payload after the header.
     *
     * @return a buffer in the machine's byte order, from its beginning
     */
    public ByteBuffer payload() {
        return ByteBuffer.wrap(payload).asReadOnlyBuffer().order(ByteOrder.nativeOrder());
    }

    /**
     * What came with the message.
     *
     * @return descriptors that {@link #close} closes
     */
    public List<Fd> descriptors() {
        return descriptors;
    }

    @Override
    public void close() {
        descriptors.forEach(Fd::close);
    }
}
