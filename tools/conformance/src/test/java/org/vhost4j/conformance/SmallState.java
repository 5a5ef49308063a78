// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;

/** The state of a {@link SmallBackEnd} that migrates: 64 bytes that are always the same (vhost-user, Migrating back-end state). */
final class SmallState {
    private static final int BYTES = 64;
    private static final int MOST = 1 << 16;
    private static final int SAVE = 0;
    /** In the answer: the descriptor of the request is used. */
    private static final long NO_DESCRIPTOR = 0x100;

    private final Fault fault;
    private @Nullable Fd pipe;
    private final ByteArrayOutputStream loaded = new ByteArrayOutputStream();
    private boolean loads;
    private boolean ended;

    SmallState(Fault fault) {
        this.fault = fault;
    }

    void reset() {
        close();
        loaded.reset();
        loads = false;
    }

    private void close() {
        if (pipe != null) {
            pipe.close();
            pipe = null;
        }
    }

    private static byte[] state() {
        byte[] state = new byte[BYTES];
        Arrays.fill(state, (byte) 0x5a);
        return state;
    }

    /** Takes SET_DEVICE_STATE_FD, and returns its answer. */
    long begin(ByteBuffer payload, Fd descriptor) {
        reset();
        ended = false;
        loads = payload.getInt() != SAVE;
        pipe = descriptor.duplicate();
        pipe.setNonBlocking();
        if (!loads) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, state());
                ended = LibC.write(pipe.number(), bytes.address(), BYTES) == BYTES;
            }
            if (fault != Fault.STATE_NOT_ENDED) {
                close();
            }
        }
        return NO_DESCRIPTOR;
    }

    /** Reads what there is of a state that is loaded. */
    void turn() {
        Fd from = pipe;
        if (!loads || from == null) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(MOST);
            int got;
            do {
                got = LibC.read(from.number(), bytes.address(), MOST);
                if (got > 0 && loaded.size() < MOST) {
                    loaded.writeBytes(bytes.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
                }
            } while (got > 0);
            if (got == 0) {
                ended = true;
                close();
            }
        }
    }

    /** What answers CHECK_DEVICE_STATE: 0 for success. */
    long check() {
        turn();
        boolean good = !loads || isGood(loaded.toByteArray());
        return ended && good ? 0 : 1;
    }

    private boolean isGood(byte[] bytes) {
        byte[] whole = state();
        return switch (fault) {
            case STATE_CUT -> Arrays.equals(bytes, Arrays.copyOf(whole, bytes.length));
            case STATE_LONGER -> bytes.length >= BYTES && Arrays.equals(Arrays.copyOf(bytes, BYTES), whole);
            case STATE_ANY -> bytes.length == BYTES;
            default -> Arrays.equals(bytes, whole);
        };
    }
}
