// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MessageHeader;

/** One message as it was received, without checks. It owns its descriptors. */
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
     * Encodes a message in the machine's byte order.
     *
     * @param request the request code, the first field of the header
     * @param flags the flags, the second field of the header
     * @param payload the payload, whose length becomes the size field of the header
     * @return the header and the payload
     */
    public static byte[] encode(int request, int flags, byte[] payload) {
        return encode(request, flags, payload.length, payload);
    }

    /**
     * Encodes a message whose size field may be wrong.
     *
     * @param request the request code, the first field of the header
     * @param flags the flags, the second field of the header
     * @param size the size field, the third field of the header
     * @param payload the payload
     * @return the header and the payload
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
     * Returns the first field of the header.
     *
     * @return the request code
     */
    public int request() {
        return request;
    }

    /**
     * Returns the second field of the header.
     *
     * @return the version and the flags
     */
    public int flags() {
        return flags;
    }

    /**
     * Returns the payload.
     *
     * @return a buffer in the machine's byte order, positioned at the beginning
     */
    public ByteBuffer payload() {
        return ByteBuffer.wrap(payload).asReadOnlyBuffer().order(ByteOrder.nativeOrder());
    }

    /**
     * Returns the descriptors that were received with the message.
     *
     * @return the descriptors, which {@link #close} closes
     */
    public List<Fd> descriptors() {
        return descriptors;
    }

    @Override
    public void close() {
        descriptors.forEach(Fd::close);
    }
}
