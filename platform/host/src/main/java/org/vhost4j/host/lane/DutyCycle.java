// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Budget;

/**
 * The duty cycle of a lane. Netty calls it once in each turn of the event loop, to decide whether to sleep. The pollables are polled here,
 * so one thread serves rings as fast as a thread that only polls, and still runs an event loop. Allocates nothing.
 */
final class DutyCycle implements SelectStrategy {
    /** Number of turns after which epoll is polled, even on a busy lane; a power of two. */
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

    /** Records that a pollable was added, or has additional events to be woken by: all pollables are armed again before the next sleep. */
    void rearm() {
        if (armed) {
            armed = false;
            guard.disarmAll();
        }
        window.restart();
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
            // The guard catches everything; an exception of the guard itself must not reach netty either.
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
            // The armed state must be visible to the other side before the last poll; otherwise both sides could wait.
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
