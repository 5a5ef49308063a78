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
 * A thread that polls its pollables, and sleeps in epoll when there is nothing to do. The package's description explains the duty cycle and
 * the handling of faults.
 */
public final class Lane implements AutoCloseable {
    /** Maximum number of control queue commands of all devices of a lane in one turn; they take about as long as one burst of frames. */
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
     * @param name name of its thread, after {@code vhost4j-}
     * @param policy the time to poll before the lane sleeps
     * @param listener receives the lane's errors; called by the lane's thread
     * @return the running lane, without pollables
     */
    public static Lane start(String name, IdlePolicy policy, LaneListener listener) {
        return start(name, policy, listener, System::nanoTime);
    }

    /**
     * Starts a lane with a given clock for the budgets of work other than frames.
     *
     * @param name name of its thread, after {@code vhost4j-}
     * @param policy the time to poll before the lane sleeps
     * @param listener receives the lane's errors; called by the lane's thread
     * @param clock clock in nanoseconds, from any origin
     * @return the running lane, without pollables
     */
    public static Lane start(String name, IdlePolicy policy, LaneListener listener, LongSupplier clock) {
        return new Lane(name, policy, listener, clock);
    }

    /**
     * Returns the budget in one turn for work other than frames, such as the commands of control queues. All pollables of the lane share
     * it. Each turn polls another pollable first, so every pollable gets its share. Used by the lane's thread.
     *
     * @return the budget, which is renewed in each turn
     */
    public Budget commands() {
        return commands;
    }

    /**
     * Returns the lane's event loop, for sockets, timers and other descriptors that belong to this thread.
     *
     * @return the loop, closed with the lane
     */
    public IoLoop loop() {
        return loop;
    }

    /**
     * Returns the lane's name.
     *
     * @return the name that was passed to {@link #start}
     */
    public String name() {
        return loop.name();
    }

    /**
     * Returns whether the calling thread is this lane's.
     *
     * @return true inside its pollables, handlers and tasks
     */
    public boolean inLane() {
        return loop.inLoop();
    }

    /**
     * Adds a pollable, which is polled from the next turn on. Called by the lane's thread.
     *
     * @param pollable a pollable that is not on a lane yet
     */
    public void add(Pollable pollable) {
        loop.assertInLoop();
        guard.add(pollable);
        cycle.rearm();
    }

    /**
     * Arms every pollable again before the next sleep. Call it when a pollable has an additional event to be woken by, for example the kick
     * of a queue that was just started. Called by the lane's thread.
     */
    public void rearm() {
        loop.assertInLoop();
        cycle.rearm();
    }

    /**
     * Removes a pollable: when this returns the lane does not call it any more. Called by the lane's thread.
     *
     * @param pollable the pollable, which is not changed
     * @return false when it was not on the lane, for instance because a fault has removed it
     */
    public boolean remove(Pollable pollable) {
        loop.assertInLoop();
        return guard.remove(pollable);
    }

    /**
     * Makes kicks of a queue wake the lane. The eventfd is watched edge-triggered and never read. Called by the lane's thread.
     *
     * @param kick the eventfd, open for as long as the handle is
     * @param kicked called for a kick, or once for several merged kicks; it need not do anything, because a woken lane polls every pollable
     *     in its next turn
     * @return the handle, to be closed before the eventfd
     * @throws SystemError when epoll refuses it
     */
    public FdHandle wakeOn(EventFd kick, Runnable kicked) {
        return FdHandle.open(loop, kick.fd(), FdHandle.READ_EDGE, events -> kicked.run());
    }

    /**
     * Creates a signal for an eventfd that a front-end shares, so that the front-end cannot block the lane. Called by the lane's thread.
     *
     * @param eventFd the eventfd, open for as long as the signal is used
     * @param jammed runs once, between two turns, when a signal finds that the front-end has filled the counter
     * @return the signal, for this lane's thread only
     */
    public SharedSignal signal(EventFd eventFd, Runnable jammed) {
        return new SharedSignal(eventFd, watch, () -> loop.execute(jammed));
    }

    /**
     * Runs a task on the lane between two turns. Any thread may call it.
     *
     * @param task the task; an exception is reported and has no other effect
     * @throws IllegalStateException when the lane is closed
     */
    public void execute(Runnable task) {
        loop.execute(task);
    }

    /**
     * Runs a computation on the lane between two turns. Any thread may call it.
     *
     * @param task the task; an exception becomes the future's failure, and is reported
     * @param <T> type of the result
     * @return a future that the lane's thread completes
     * @throws IllegalStateException when the lane is closed
     */
    public <T> CompletableFuture<T> submit(Callable<T> task) {
        return loop.submit(task);
    }

    /**
     * Runs a task on another lane, and waits for the result. The other lane runs it between two turns, or while it waits in this method
     * itself; so the wait takes at most one turn. Called by this lane's thread, or by a thread that is not a lane.
     *
     * @param other the other lane, possibly this one
     * @param task the task, which must not call this method; its exceptions are thrown here
     * @param <T> type of the result
     * @return result of the task
     * @throws IllegalStateException when the other lane is closed
     */
    public <T> T ask(Lane other, Supplier<T> task) {
        if (other.inLane()) {
            return task.get();
        }
        return other.calls.ask(other, inLane() ? calls : null, task);
    }

    /**
     * Returns the number of turns of the duty cycle. Any thread may read it, with a possibly slightly old value, like
     * the other counters.
     *
     * @return turns since the start
     */
    public long turns() {
        return cycle.turns();
    }

    /**
     * Returns the number of times that the lane went to sleep in epoll.
     *
     * @return sleeps since the start
     */
    public long sleeps() {
        return cycle.sleeps();
    }

    /**
     * Returns the number of pollables that were removed because of a fault.
     *
     * @return pollables since the start
     */
    public long faults() {
        return guard.faults();
    }

    /**
     * Ends the lane's thread; waiting tasks are run first. Pollables are not notified, and are not called any more. Takes milliseconds.
     * Later calls do nothing.
     *
     * @throws IllegalStateException when called by the lane's own thread
     */
    @Override
    public void close() {
        loop.close();
        watch.close();
    }
}
