// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Budget;

/**
 * What a lane does in one turn, in netty's own place for deciding whether to sleep: polling here lets one thread serve rings at
 * the speed of a bare spinning thread and still have an event loop. Nothing here allocates.
 */
final class DutyCycle implements SelectStrategy {
    /** Number of turns between two looks at epoll, even on a busy lane; a power of two. */
    private static final int TURNS_PER_LOOK = 64;

    private static final int LOOK = 0;

    private final String lane;
    private final FaultGuard guard;
    private final Budget commands;
    private final SpinWindow window;

    private boolean armed;
    private long turns;
    private long sleeps;

    /** The turn that is being recorded; null while none is. */
    private @Nullable SlowTurnEvent recorded;

    DutyCycle(String lane, FaultGuard guard, IdlePolicy policy, Budget commands) {
        this.lane = lane;
        this.guard = guard;
        this.commands = commands;
        this.window = new SpinWindow(policy, System::nanoTime);
    }

    long turns() {
        return turns;
    }

    long sleeps() {
        return sleeps;
    }

    /**
     * Tells that a pollable was added, or has more wake-up conditions: all pollables are armed again before the next
     * sleep.
     */
    void rearm() {
        if (armed) {
            armed = false;
            guard.disarmAll();
        }
        window.again();
    }

    @Override
    public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
        endTurn();
        if (SlowTurnEvent.ANY.isEnabled()) {
            beginTurn();
        }
        int decision;
        try {
            decision = turn(hasTasks);
        } catch (Throwable t) {
            // The guard lets nothing out; should it fail itself, netty must not see that either.
            guard.blame(null, t);
            decision = LOOK;
        }
        if (decision == SELECT) {
            endTurn();
        }
        return decision == LOOK ? selectNow.get() : decision;
    }

    private void beginTurn() {
        SlowTurnEvent next = new SlowTurnEvent();
        recorded = next;
        next.begin();
    }

    private void endTurn() {
        SlowTurnEvent last = recorded;
        if (last != null) {
            recorded = null;
            last.finish(lane);
        }
    }

    private int turn(boolean hasTasks) {
        turns++;
        commands.begin();
        boolean look = hasTasks || (turns & (TURNS_PER_LOOK - 1)) == 0;
        int moved = guard.pollAll();
        if (moved > 0) {
            SlowTurnEvent turn = recorded;
            if (turn != null) {
                turn.polled(moved);
            }
            busy();
            return look ? LOOK : CONTINUE;
        }
        if (look) {
            return LOOK;
        }
        if (window.open()) {
            Thread.onSpinWait();
            return CONTINUE;
        }
        if (!armed) {
            armed = true;
            boolean work = guard.armAll();
            // Our wish to be woken must be visible before we look for the last time, or both sides could wait.
            VarHandle.fullFence();
            if (guard.pollAll() > 0 || work) {
                busy();
                return CONTINUE;
            }
        }
        sleeps++;
        return SELECT;
    }

    private void busy() {
        window.found();
        if (armed) {
            armed = false;
            guard.disarmAll();
        }
    }
}
