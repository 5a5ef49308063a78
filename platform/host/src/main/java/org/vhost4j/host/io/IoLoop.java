// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import io.netty.channel.DefaultSelectStrategyFactory;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SelectStrategy;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.vhost4j.device.Budget;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.MemoryExhaustion;

/** One thread with one epoll loop. Exceptions of tasks and handlers are reported and have no other effect. */
public final class IoLoop implements AutoCloseable {
    /** Maximum number of events of one epoll_wait call. */
    private static final int EVENTS = 64;

    private static final long CLOSE_MILLIS = 10_000;

    /** Maximum number of message pieces of all peers in one turn; they take about as long as one burst of frames for a few guests. */
    private static final int PIECES_PER_TURN = 64;

    private static final long PIECE_BYTES_PER_TURN = 1 << 18;
    private static final long PIECE_NANOS_PER_TURN = 50_000;

    private final String name;
    private final Consumer<? super Throwable> failures;
    private final SingleThreadIoEventLoop eventLoop;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final FairTurns turns;
    private final Set<FdHandle> handles = new LinkedHashSet<>();
    private boolean handlesClosed;

    private IoLoop(String name, SelectStrategy strategy, Consumer<? super Throwable> failures, LongSupplier clock) {
        this.name = name;
        this.turns = new FairTurns(
                strategy,
                new Budget(PIECES_PER_TURN, PIECE_BYTES_PER_TURN, PIECE_NANOS_PER_TURN, clock),
                this::guarded);
        this.failures = failures;
        ThreadFactory threads =
                Thread.ofPlatform().name("vhost4j-" + name).daemon(true).factory();
        IoHandlerFactory epoll = EpollIoHandler.newFactory(EVENTS, () -> turns);
        // A lambda, because the factory then does not declare that the handler can change its thread, for which netty
        // would read the clock twice in every turn.
        eventLoop = new SingleThreadIoEventLoop(null, threads, executor -> epoll.newHandler(executor));
        // Linking the calls takes a good part of a second, which should not delay the first event.
        HotCalls.checkpoint();
        // Netty starts the thread with the first task.
        eventLoop.execute(() -> {});
    }

    /**
     * Starts a loop that sleeps until something happens.
     *
     * @param name name of its thread, after {@code vhost4j-}
     * @param failures receives exceptions of tasks and handlers; called by the loop's thread
     * @return the running loop
     */
    public static IoLoop start(String name, Consumer<? super Throwable> failures) {
        return start(name, DefaultSelectStrategyFactory.INSTANCE.newSelectStrategy(), failures, System::nanoTime);
    }

    /**
     * Starts a loop with a given duty cycle.
     *
     * @param name name of its thread, after {@code vhost4j-}
     * @param strategy called in every turn; must not throw
     * @param failures receives exceptions of tasks and handlers; called by the loop's thread
     * @param clock clock in nanoseconds, by which the time of peers' work in a turn is measured
     * @return the running loop
     */
    public static IoLoop start(
            String name, SelectStrategy strategy, Consumer<? super Throwable> failures, LongSupplier clock) {
        return new IoLoop(name, strategy, failures, clock);
    }

    /** Returns the scheduler of the work that peers cause, within a budget for each turn of the loop. */
    FairTurns turns() {
        return turns;
    }

    /**
     * Returns the loop's name.
     *
     * @return the name that was passed to {@link #start}
     */
    public String name() {
        return name;
    }

    /**
     * Returns whether the calling thread is the loop's.
     *
     * @return true inside tasks and handlers
     */
    public boolean inLoop() {
        return eventLoop.inEventLoop();
    }

    /**
     * Throws an exception outside the loop's thread.
     *
     * @throws IllegalStateException when another thread calls
     */
    public void assertInLoop() {
        if (!inLoop()) {
            throw new IllegalStateException("this belongs to the thread of " + name + " and was called by "
                    + Thread.currentThread().getName());
        }
    }

    /**
     * Runs a task on the loop's thread, as soon as the loop gets to it. Any thread may call it.
     *
     * @param task the task; an exception is reported
     * @throws IllegalStateException when the loop is closed
     */
    public void execute(Runnable task) {
        try {
            eventLoop.execute(() -> guarded(task));
        } catch (RejectedExecutionException e) {
            throw new IllegalStateException(name + " is closed", e);
        }
    }

    /**
     * Runs a computation on the loop's thread, as soon as the loop gets to it. Any thread may call it.
     *
     * @param task the task; an exception becomes the future's failure and is reported too
     * @param <T> type of the result
     * @return a future that the loop's thread completes; that thread must not wait for it
     * @throws IllegalStateException when the loop is closed
     */
    public <T> CompletableFuture<T> submit(Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        execute(() -> {
            T value;
            try {
                value = task.call();
                HotCalls.checkpoint();
            } catch (Throwable t) {
                report(t);
                result.completeExceptionally(t);
                return;
            }
            result.complete(value);
        });
        return result;
    }

    /**
     * Runs a task on the loop's thread later. Any thread may call it.
     *
     * @param task the task; an exception is reported
     * @param delay delay from now
     * @param unit unit of the delay
     * @return a future that can cancel the task before it has begun, and returns the remaining delay
     * @throws IllegalStateException when the loop is closed
     */
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        try {
            return eventLoop.schedule(() -> guarded(task), delay, unit);
        } catch (RejectedExecutionException e) {
            throw new IllegalStateException(name + " is closed", e);
        }
    }

    /** Runs a task or a handler, and reports everything that it throws, including a delayed error. */
    void guarded(Runnable task) {
        try {
            task.run();
            // A pending error of an access to lost memory must be thrown inside this try.
            HotCalls.checkpoint();
        } catch (Throwable t) {
            report(t);
        }
    }

    /** Reports a failure; exceptions of the listener itself are ignored, because there is no other receiver. */
    void report(Throwable failure) {
        MemoryExhaustion.endIfCauseOf(failure);
        try {
            failures.accept(failure);
            HotCalls.checkpoint();
        } catch (Throwable t) {
            MemoryExhaustion.endIfCauseOf(t);
            // Nothing else can be done.
        }
    }

    boolean hasEnded() {
        return eventLoop.isTerminated();
    }

    SingleThreadIoEventLoop eventLoop() {
        return eventLoop;
    }

    void opened(FdHandle handle) {
        handles.add(handle);
        if (handlesClosed) {
            handle.close();
            throw new IllegalStateException(name + " is closed");
        }
    }

    void closed(FdHandle handle) {
        handles.remove(handle);
    }

    private void closeHandles() {
        handlesClosed = true;
        while (!handles.isEmpty()) {
            handles.iterator().next().closeWithLoop();
        }
    }

    /**
     * Ends the thread and waits for its end. Waiting tasks are run, and the handlers of open descriptors are notified. Later calls do
     * nothing.
     *
     * @throws IllegalStateException when called by the loop's own thread, which would wait for itself
     */
    @Override
    public void close() {
        if (inLoop()) {
            throw new IllegalStateException(name + " cannot be closed by its own thread");
        }
        if (closing.compareAndSet(false, true)) {
            eventLoop.execute(this::closeHandles);
        }
        eventLoop.shutdownGracefully(0, CLOSE_MILLIS, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }
}
