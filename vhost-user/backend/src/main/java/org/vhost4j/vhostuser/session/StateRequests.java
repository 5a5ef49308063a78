// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Executes the requests that migrate the device state (vhost-user protocol, "Migrating back-end state"). The reply to CHECK_DEVICE_STATE is
 * known only when another thread has finished the transfer, so it may be sent later.
 */
final class StateRequests {
    /** Bit in the reply to SET_DEVICE_STATE_FD: the reply carries no descriptor; the front-end uses the pipe that it has sent. */
    private static final long NO_DESCRIPTOR = 0x100;

    /** Reply to SET_DEVICE_STATE_FD when no state is transferred. */
    static final long REFUSED = NO_DESCRIPTOR | 1;

    private static final long SUCCESS = 0;
    private static final long FAILURE = 1;
    private static final int SAVE = 0;
    private static final int LOAD = 1;

    /** The only defined migration phase: all rings are stopped. */
    private static final int STOPPED = 0;

    private final SessionEffects effects;
    private Consumer<Message> lateReply = reply -> {};
    private @Nullable Message early;
    private boolean asking;
    private boolean owed;
    private boolean closed;

    StateRequests(SessionEffects effects) {
        this.effects = effects;
    }

    boolean owesReply() {
        return owed;
    }

    void onLateReply(Consumer<Message> handler) {
        lateReply = handler;
    }

    /** Executes SET_DEVICE_STATE_FD and returns the value of the reply. */
    long begin(MemorySegment payload, Message message, boolean started) throws RefusedException {
        int direction = payload.get(ValueLayout.JAVA_INT_UNALIGNED, 0);
        int phase = payload.get(ValueLayout.JAVA_INT_UNALIGNED, Integer.BYTES);
        if (direction != SAVE && direction != LOAD) {
            throw new RefusedException(
                    "direction " + Integer.toUnsignedString(direction) + " is not 0 (save) or 1 (load)");
        }
        if (phase != STOPPED) {
            throw new RefusedException("phase " + Integer.toUnsignedString(phase) + " is not 0 (stopped)");
        }
        if (started) {
            throw new RefusedException("a ring is started: GET_VRING_BASE must stop all of them first");
        }
        if (direction == SAVE) {
            effects.saveState(message.takeDescriptor());
        } else {
            effects.loadState(message.takeDescriptor());
        }
        return NO_DESCRIPTOR;
    }

    /** Executes CHECK_DEVICE_STATE and returns the reply if it is known at once. */
    Optional<Message> check() {
        asking = true;
        owed = true;
        effects.checkState(this::answered);
        asking = false;
        Message known = early;
        early = null;
        return Optional.ofNullable(known);
    }

    private void answered(Optional<String> failure) {
        if (closed || !owed) {
            return;
        }
        owed = false;
        failure.ifPresent(reason -> effects.report(Request.CHECK_DEVICE_STATE + ": refused: " + reason));
        Message reply = Message.reply(Request.CHECK_DEVICE_STATE.code(), failure.isPresent() ? FAILURE : SUCCESS);
        if (asking) {
            early = reply;
        } else {
            lateReply.accept(reply);
        }
    }

    void close() {
        closed = true;
        owed = false;
    }
}
