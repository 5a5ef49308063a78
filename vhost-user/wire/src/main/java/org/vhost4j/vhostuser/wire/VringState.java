// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * A vring state description, or a vring's descriptor index or indices (vhost-user protocol, "Payload").
 *
 * @param index index of the ring
 * @param num depending on the request, the size or base of the ring, or whether it is enabled
 */
public record VringState(int index, int num) {
    /** Size in bytes. */
    public static final int BYTES = 8;

    /**
     * Reads a state.
     *
     * @param payload 8 bytes
     * @return the state
     */
    public static VringState read(MemorySegment payload) {
        return new VringState(payload.get(JAVA_INT_UNALIGNED, 0), payload.get(JAVA_INT_UNALIGNED, 4));
    }

    /**
     * Returns the state as a payload.
     *
     * @return 8 bytes
     */
    public MemorySegment toPayload() {
        MemorySegment payload = MemorySegment.ofArray(new byte[BYTES]);
        payload.set(JAVA_INT_UNALIGNED, 0, index);
        payload.set(JAVA_INT_UNALIGNED, 4, num);
        return payload;
    }

    /**
     * Checks the ring index.
     *
     * @param request request with this payload
     * @param rings number of rings
     * @throws ProtocolException when the ring does not exist
     */
    public void validate(Request request, int rings) throws ProtocolException {
        validateIndex(request, index, rings);
    }

    static void validateIndex(Request request, int index, int rings) throws ProtocolException {
        // All 32 bits are compared: an index truncated to 16 or 8 bits would be that of another ring.
        if (Integer.compareUnsigned(index, rings) >= 0) {
            throw new ProtocolException(
                    request.name(), "ring " + Integer.toUnsignedString(index), "rings 0 to " + (rings - 1) + " exist");
        }
    }
}
