// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.vhost4j.device.Budget;
import org.vhost4j.device.Pollable;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.host.io.IoLoop;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.SystemError;

/**
 * One thread that polls what it owns, and sleeps in epoll when there is nothing to do. See the package's description for the
 * duty cycle and for what a fault does.
 */
public final class Lane implements AutoCloseable {
    /** What all control queues of a lane may have done in one turn: about as much as a burst of frames costs. */
    private static final int COMMANDS_PER_TURN = 64;

    private static final long COMMAND_BYTES_PER_TURN = 1 << 16;
    private static final long COMMAND_NANOS_PER_TURN = 50_000;

    private final FaultGuard guard;
    private final Budget commands;
    private final DutyCycle cycle;
    private final IoLoop loop;
    private final SignalWatch watch;
    private final LaneCalls calls = new LaneCalls();

    private Lane(String name, IdlePolicy policy, LaneListener listener, LongSupplier clock) {
        guard = new FaultGuard(listener);
        commands = new Budget(COMMANDS_PER_TURN, COMMAND_BYTES_PER_TURN, COMMAND_NANOS_PER_TURN, clock);
        cycle = new DutyCycle(name, guard, policy, commands);
        loop = IoLoop.start(name, cycle, thrown -> guard.blame(null, thrown), clock);
        watch = new SignalWatch(name);
    }

    /**
     * Starts a lane.
     *
     * @param name of its thread, after {@code vhost4j-}
     * @param policy when to sleep
     * @param listener called when something goes wrong, by the lane's thread
     * @return the running lane, which owns nothing yet
     */
    public static Lane start(String name, IdlePolicy policy, LaneListener listener) {
        return start(name, policy, listener, System::nanoTime);
    }

    /**
     * Starts a lane that measures by a given clock how long it works for those that must not be served at the cost of others.
     *
     * @param name of its thread, after {@code vhost4j-}
     * @param policy when to sleep
     * @param listener called when something goes wrong, by the lane's thread
     * @param clock nanoseconds from any origin
     * @return the running lane, which owns nothing yet
     */
    public static Lane start(String name, IdlePolicy policy, LaneListener listener, LongSupplier clock) {
        return new Lane(name, policy, listener, clock);
    }

    /**
     * What the lane's pollables may do of work other than frames, such as the commands of control queues, in one turn together. Which
     * pollable comes first changes from turn to turn, so none is left out for long. Used by the lane's thread.
     *
     * @return begins again with each turn
     */
    public Budget commands() {
        return commands;
    }

    /**
     * The event loop below, for sockets, timers and other descriptors that belong to this thread.
     *
     * @return closed with the lane
     */
    public IoLoop loop() {
        return loop;
    }

    /**
     * The lane's name.
     *
     * @return as it was given to {@link #start}
     */
    public String name() {
        return loop.name();
    }

    /**
     * Whether the calling thread is this lane's.
     *
     * @return true inside its pollables, handlers and tasks
     */
    public boolean inLane() {
        return loop.inLoop();
    }

    /**
     * Takes a pollable: it is polled from the next turn on. Called by the lane's thread.
     *
     * @param pollable not on a lane yet
     */
    public void add(Pollable pollable) {
        loop.assertInLoop();
        guard.add(pollable);
        cycle.rearm();
    }

    /**
     * Arms every pollable again before the lane sleeps: a pollable has something more to be woken for, such as a queue that was
     * just started. Called by the lane's thread.
     */
    public void rearm() {
        loop.assertInLoop();
        cycle.rearm();
    }

    /**
     * Lets a pollable go: when this returns the lane does not touch it any more. Called by the lane's thread.
     *
     * @param pollable stays as it is
     * @return false when it was not here, for instance because a fault has removed it
     */
    public boolean remove(Pollable pollable) {
        loop.assertInLoop();
        return guard.remove(pollable);
    }

    /**
     * Makes kicks of a queue wake the lane. The eventfd is watched by edge and never read. Called by the lane's thread.
     *
     * @param kick open for as long as the handle is
     * @param kicked called for each, as far as they come one by one; their purpose is to wake the lane, whose next turn polls every
     *     pollable
     * @return to be closed before the eventfd is
     * @throws SystemError when epoll refuses it
     */
    public FdHandle wakeOn(EventFd kick, Runnable kicked) {
        return FdHandle.open(loop, kick.fd(), FdHandle.READ_EDGE, events -> kicked.run());
    }

    /**
     * Signals an eventfd that a front-end shares, so that the front-end cannot keep the lane. Called by the lane's thread.
     *
     * @param eventFd open for as long as the signal is used
     * @param jammed runs between two turns, once, when the front-end has filled the counter, which signals alone never do
     * @return for this lane's thread only
     */
    public SharedSignal signal(EventFd eventFd, Runnable jammed) {
        return new SharedSignal(eventFd, watch, () -> loop.execute(jammed));
    }

    /**
     * Runs a task on the lane between two turns. Any thread may call it.
     *
     * @param task the task; an exception is reported and changes nothing
     * @throws IllegalStateException when the lane is closed
     */
    public void execute(Runnable task) {
        loop.execute(task);
    }

    /**
     * Computes something on the lane between two turns. Any thread may call it.
     *
     * @param task what it throws becomes the future's failure, and is reported
     * @param <T> what it gives
     * @return completed by the lane's thread
     * @throws IllegalStateException when the lane is closed
     */
    public <T> CompletableFuture<T> submit(Callable<T> task) {
        return loop.submit(task);
    }

    /**
     * Has another lane do something between two turns, or while it waits in this method itself, and waits for it: as long as that lane's turn
     * takes. Called by this lane's thread, or any that is no lane's.
     *
     * @param other perhaps this lane
     * @param task asks nothing of a lane itself; what it throws is thrown here
     * @param <T> what it gives
     * @return what it gave
     * @throws IllegalStateException when the other lane is closed
     */
    public <T> T ask(Lane other, Supplier<T> task) {
        if (other.inLane()) {
            return task.get();
        }
        return other.calls.ask(other, inLane() ? calls : null, task);
    }

    /**
     * How many turns the duty cycle has taken. Readable by any thread, perhaps a little late, as are the other counters.
     *
     * @return turns since the start
     */
    public long turns() {
        return cycle.turns();
    }

    /**
     * How many times the lane went to sleep in epoll.
     *
     * @return times since the start
     */
    public long sleeps() {
        return cycle.sleeps();
    }

    /**
     * How many pollables a fault has removed.
     *
     * @return pollables since the start
     */
    public long faults() {
        return guard.faults();
    }

    /**
     * Ends the lane's thread; tasks that wait are run first. Pollables are not notified: they are not used any more. Takes
     * milliseconds. Later calls do nothing.
     *
     * @throws IllegalStateException when the lane's own thread calls
     */
    @Override
    public void close() {
        loop.close();
        watch.close();
    }
}
