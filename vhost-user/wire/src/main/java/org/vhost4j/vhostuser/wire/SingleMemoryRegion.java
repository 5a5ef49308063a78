// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.lang.foreign.MemorySegment;

/**
 * A single memory region description (vhost-user protocol, "Payload"): 8 bytes of padding, then the region.
 *
 * @param region the region
 */
public record SingleMemoryRegion(MemoryRegion region) {
    /** Size in bytes. */
    public static final int BYTES = 8 + MemoryRegion.BYTES;

    /**
     * Reads and checks a description.
     *
     * @param request request with this payload
     * @param payload 40 bytes
     * @return the description
     * @throws ProtocolException when the region is empty or wraps
     */
    public static SingleMemoryRegion read(Request request, MemorySegment payload) throws ProtocolException {
        MemoryRegion region = MemoryRegion.read(payload, 8);
        region.validate(request);
        return new SingleMemoryRegion(region);
    }

    /**
     * Returns the description as a payload.
     *
     * @return 40 bytes
     */
    public MemorySegment toPayload() {
        MemorySegment payload = MemorySegment.ofArray(new byte[BYTES]);
        region.write(payload, 8);
        return payload;
    }
}
