// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

/**
 * The payload of SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR: one 64-bit number with the ring index in bits 0 to 7
 * and {@link #NO_DESCRIPTOR} in bit 8.
 *
 * @param index index of the ring
 * @param present whether a descriptor comes with the message
 */
public record VringFile(int index, boolean present) {
    /**
     * Flag: no descriptor comes with the message. Without a kick descriptor the back-end polls the ring; without a call
     * or error descriptor it does not signal.
     */
    public static final long NO_DESCRIPTOR = 1 << 8;

    private static final long INDEX = 0xff;

    /**
     * Reads and checks a payload.
     *
     * @param request request with this payload
     * @param message the message
     * @param rings number of rings
     * @return the ring index, and whether a descriptor comes with the message
     * @throws ProtocolException when the ring does not exist, an undefined bit is set, or the number of descriptors
     *     does not match bit 8
     */
    public static VringFile read(Request request, Message message, int rings) throws ProtocolException {
        long value = message.u64();
        if ((value & ~(INDEX | NO_DESCRIPTOR)) != 0) {
            throw new ProtocolException(
                    request.name(),
                    "payload 0x" + Long.toHexString(value),
                    "bits 0 to 7 are the ring, bit 8 means that there is no descriptor, all others must be 0");
        }
        int index = (int) (value & INDEX);
        VringState.validateIndex(request, index, rings);
        boolean present = (value & NO_DESCRIPTOR) == 0;
        if (present != (message.descriptorCount() == 1)) {
            throw new ProtocolException(
                    request.name(),
                    "ring %d: %d descriptors".formatted(index, message.descriptorCount()),
                    present ? "one is required, because bit 8 is clear" : "none is allowed, because bit 8 is set");
        }
        return new VringFile(index, present);
    }

    /**
     * Returns the payload as a 64-bit number.
     *
     * @return the index and the flag
     */
    public long toU64() {
        return index | (present ? 0 : NO_DESCRIPTOR);
    }
}
