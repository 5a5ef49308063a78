// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Status and config space of a {@link SmallBackEnd}. */
final class SmallDevice {
    private static final int BYTES = 24;
    private static final int HEADER = 12;
    private static final int STATUS_AT = 6;
    private static final int PAIRS_AT = 8;
    private static final int MTU_AT = 10;
    private static final int SPEED_AT = 12;
    private static final int DUPLEX_AT = 16;
    private static final int KEY_AT = 17;
    private static final int TABLE_AT = 18;
    private static final int HASHES_AT = 20;

    private final Fault fault;
    private int status;
    private int statusField = 1;

    SmallDevice(Fault fault) {
        this.fault = fault;
    }

    void reset() {
        status = 0;
        statusField = 1;
    }

    long status() {
        return fault == Fault.STATUS_FORGOTTEN ? 0 : status;
    }

    /** Sets the status, and returns whether that resets the device. */
    boolean status(int value) {
        boolean reset = value == 0 && status != 0;
        status = value;
        return reset;
    }

    /** Does what SET_CONFIG says: all that a driver of today can write is refused. */
    void write(ByteBuffer payload) {
        if (fault != Fault.CONFIG_WRITABLE || payload.getInt() != STATUS_AT) {
            throw new SmallBackEnd.Refused();
        }
        statusField = payload.get(HEADER);
    }

    private byte[] space() {
        ByteBuffer space = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        space.put(new byte[] {(byte) (fault == Fault.CONFIG_MAC ? 0x53 : 0x52), 0x54, 0, 1, 2, 3});
        space.putShort(STATUS_AT, (short) (fault == Fault.CONFIG_STATUS ? 0x101 : statusField));
        space.putShort(PAIRS_AT, (short) 1);
        space.putShort(MTU_AT, (short) (fault == Fault.CONFIG_MTU ? 10 : 1500));
        space.putInt(SPEED_AT, -1).put(DUPLEX_AT, (byte) 0xff);
        space.put(KEY_AT, (byte) 40).putShort(TABLE_AT, (short) 0).putInt(HASHES_AT, 0x3f);
        return space.array();
    }

    /** What answers GET_CONFIG: the same header with the bytes, or nothing for what is beyond the end. */
    byte[] config(ByteBuffer payload) {
        int offset = payload.getInt();
        int size = payload.getInt();
        if (offset < 0 || size < 0 || offset + size > BYTES) {
            return new byte[0];
        }
        int from = fault == Fault.CONFIG_OFFSET ? 0 : offset;
        return ByteBuffer.allocate(HEADER + size)
                .order(ByteOrder.nativeOrder())
                .putInt(offset)
                .putInt(size)
                .putInt(0)
                .put(Arrays.copyOfRange(space(), from, from + size))
                .array();
    }
}
