// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

/**
 * The payload of SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR: one 64-bit number with the ring in bits 0 to 7 and
 * {@link #NO_DESCRIPTOR} in bit 8.
 *
 * @param index index of the ring
 * @param present whether a descriptor comes with the message
 */
public record VringFile(int index, boolean present) {
    /** Flag: there is no descriptor; kicks are found by polling, calls and errors are not signalled. */
    public static final long NO_DESCRIPTOR = 1 << 8;

    private static final long INDEX = 0xff;

    /**
     * Reads and checks a payload.
     *
     * @param request request with this payload
     * @param message the message
     * @param rings number of rings
     * @return the ring and whether a descriptor was announced
     * @throws ProtocolException when there is no such ring, a meaningless bit is set, or the descriptor is missing or surplus
     */
    public static VringFile read(Request request, Message message, int rings) throws ProtocolException {
        long value = message.u64();
        if ((value & ~(INDEX | NO_DESCRIPTOR)) != 0) {
            throw new ProtocolException(
                    request.name(),
                    "payload 0x" + Long.toHexString(value),
                    "bits 0 to 7 are the ring, bit 8 says that there is no descriptor, all others must be 0");
        }
        int index = (int) (value & INDEX);
        VringState.validateIndex(request, index, rings);
        boolean present = (value & NO_DESCRIPTOR) == 0;
        if (present != (message.descriptorCount() == 1)) {
            throw new ProtocolException(
                    request.name(),
                    "ring %d: %d descriptors".formatted(index, message.descriptorCount()),
                    present ? "one must come, because bit 8 is clear" : "none must come, because bit 8 is set");
        }
        return new VringFile(index, present);
    }

    /**
     * Returns the number of the payload.
     *
     * @return the index and the flag
     */
    public long toU64() {
        return index | (present ? 0 : NO_DESCRIPTOR);
    }
}
