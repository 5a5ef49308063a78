// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A vring address description (vhost-user protocol, "Payload"). The three ring addresses are in the front-end's own address
 * space.
 *
 * @param index index of the ring
 * @param flags {@link #LOG} or 0
 * @param descriptors address of the descriptor table, or of the packed ring
 * @param used address of the used ring, or of the device event suppression structure of a packed ring
 * @param avail address of the available ring, or of the driver event suppression structure of a packed ring
 * @param log guest-physical address of the used ring, for the dirty page log
 */
public record VringAddress(int index, int flags, long descriptors, long used, long avail, long log) {
    /** Size in bytes. */
    public static final int BYTES = 40;
    /** Flag: the back-end logs its writes to the used ring. */
    public static final int LOG = 1;

    /**
     * Reads an address description.
     *
     * @param payload 40 bytes
     * @return the description
     */
    public static VringAddress read(MemorySegment payload) {
        return new VringAddress(
                payload.get(JAVA_INT_UNALIGNED, 0),
                payload.get(JAVA_INT_UNALIGNED, 4),
                payload.get(JAVA_LONG_UNALIGNED, 8),
                payload.get(JAVA_LONG_UNALIGNED, 16),
                payload.get(JAVA_LONG_UNALIGNED, 24),
                payload.get(JAVA_LONG_UNALIGNED, 32));
    }

    /**
     * Returns whether another description has the same ring addresses; flags and log address may differ.
     *
     * @param other another description, or null
     * @return true when all three addresses are the same
     */
    public boolean sameRings(@Nullable VringAddress other) {
        return other != null && descriptors == other.descriptors && used == other.used && avail == other.avail;
    }

    /**
     * Returns the description as a payload.
     *
     * @return 40 bytes
     */
    public MemorySegment toPayload() {
        MemorySegment payload = MemorySegment.ofArray(new byte[BYTES]);
        payload.set(JAVA_INT_UNALIGNED, 0, index);
        payload.set(JAVA_INT_UNALIGNED, 4, flags);
        payload.set(JAVA_LONG_UNALIGNED, 8, descriptors);
        payload.set(JAVA_LONG_UNALIGNED, 16, used);
        payload.set(JAVA_LONG_UNALIGNED, 24, avail);
        payload.set(JAVA_LONG_UNALIGNED, 32, log);
        return payload;
    }

    /**
     * Checks the ring index, the flags, and the alignments that every ring layout requires (virtio 1.4 section 2.7).
     * The packed layout's stricter rules are checked when the ring starts, because the layout is known only then.
     *
     * @param request request with this payload
     * @param rings number of rings
     * @throws ProtocolException when a value is invalid
     */
    public void validate(Request request, int rings) throws ProtocolException {
        VringState.validateIndex(request, index, rings);
        if ((flags & ~LOG) != 0) {
            throw new ProtocolException(
                    request.name(),
                    "ring " + index + ": flags 0x" + Integer.toHexString(flags),
                    "only 0x1 has a meaning");
        }
        align(request, "descriptor table", descriptors, 16);
        align(request, "used ring", used, 4);
        align(request, "available ring", avail, 2);
    }

    private void align(Request request, String what, long address, int alignment) throws ProtocolException {
        if ((address & (alignment - 1)) != 0) {
            throw new ProtocolException(
                    request.name(),
                    "ring %d: %s at user address 0x%x".formatted(index, what, address),
                    "it must be aligned to " + alignment + " bytes");
        }
    }
}
