// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A multiple memory regions description (vhost-user protocol, "Payload"): a 32-bit count, 32 bits of padding, then the
 * regions.
 *
 * @param regions the regions, 1 to 8
 */
public record MemoryRegions(List<MemoryRegion> regions) {
    /** Size in bytes of count and padding. */
    public static final int HEADER_BYTES = 8;
    /** The maximum number of regions in a message. */
    public static final int MAX_REGIONS = 8;
    /** The maximum size of a description in bytes. */
    public static final int MAX_BYTES = HEADER_BYTES + MAX_REGIONS * MemoryRegion.BYTES;

    /** Copies the list. */
    public MemoryRegions {
        regions = List.copyOf(regions);
    }

    /**
     * Reads and checks a description. The payload ends with the last region, or has room for all eight.
     *
     * @param request request with this payload
     * @param message the message
     * @return the regions
     * @throws ProtocolException when the count does not match the payload's size or the number of descriptors, or when
     *     a region is empty, wraps, or overlaps another one
     */
    public static MemoryRegions read(Request request, Message message) throws ProtocolException {
        MemorySegment payload = message.payload();
        int count = payload.get(JAVA_INT_UNALIGNED, 0);
        if (count < 1 || count > MAX_REGIONS) {
            throw new ProtocolException(
                    request.name(),
                    Integer.toUnsignedString(count) + " memory regions",
                    "1 to " + MAX_REGIONS + " are allowed");
        }
        long exact = HEADER_BYTES + (long) count * MemoryRegion.BYTES;
        if (payload.byteSize() != exact && payload.byteSize() != MAX_BYTES) {
            throw new ProtocolException(
                    request.name(),
                    "%d memory regions in %d bytes".formatted(count, payload.byteSize()),
                    "%d or %d bytes are needed".formatted(exact, MAX_BYTES));
        }
        if (message.descriptorCount() != count) {
            throw new ProtocolException(
                    request.name(),
                    "%d memory regions with %d descriptors".formatted(count, message.descriptorCount()),
                    "each region needs one descriptor");
        }
        List<MemoryRegion> regions = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            MemoryRegion region = MemoryRegion.read(payload, HEADER_BYTES + (long) i * MemoryRegion.BYTES);
            region.validate(request);
            for (int j = 0; j < i; j++) {
                if (region.overlaps(regions.get(j))) {
                    throw new ProtocolException(
                            request.name(),
                            "region %d (%s) overlaps region %d (%s)".formatted(i, region, j, regions.get(j)),
                            "neither guest nor user addresses may overlap");
                }
            }
            regions.add(region);
        }
        return new MemoryRegions(regions);
    }

    /**
     * Returns the description as a payload.
     *
     * @return as many bytes as the regions need
     */
    public MemorySegment toPayload() {
        MemorySegment payload = MemorySegment.ofArray(new byte[HEADER_BYTES + regions.size() * MemoryRegion.BYTES]);
        payload.set(JAVA_INT_UNALIGNED, 0, regions.size());
        for (int i = 0; i < regions.size(); i++) {
            regions.get(i).write(payload, HEADER_BYTES + (long) i * MemoryRegion.BYTES);
        }
        return payload;
    }
}
