// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.session.RefusedException;

/**
 * Migrates the state of one guest's device. At the source the state is collected; at the destination it is compared with this back-end's
 * promise and restored. A loaded state takes effect only if CHECK_DEVICE_STATE finds all of it valid.
 *
 * <p>Used by the device's lane. A separate thread for this guest transfers the bytes; there is at most one at a time, and it ends with the
 * transfer.
 */
final class DeviceMove {
    private static final long IDLE_SECONDS = 1;
    private static final int MOST_WAITING = 4;

    /**
     * Maximum time in seconds to wait for the end of a cancelled transfer, which ends at once unless its thread is blocked in the
     * front-end's pipe.
     */
    private static final long ANSWER_SECONDS = 2;

    private final NetDevice device;
    private final LaneContext context;
    private final String promise;
    private final @Nullable GuestView view;
    private final Consumer<String> trouble;
    private final ThreadPoolExecutor thread;
    private @Nullable Transfer current;

    /** Changes whenever a transfer is abandoned. */
    private int attempt;

    /**
     * A transfer in progress.
     *
     * @param pipe the pipe of the bytes
     * @param outcome the state to restore; empty when a state was saved
     */
    private record Transfer(StatePipe pipe, CompletableFuture<Optional<MovedState>> outcome) {}

    /**
     * Creates the object without a transfer.
     *
     * @param guest name of the guest
     * @param trouble receives a line for the user
     */
    DeviceMove(String guest, NetDevice device, LaneContext context, BackendConfig config, Consumer<String> trouble) {
        this.device = device;
        this.context = context;
        this.promise = config.promise().orElse("");
        this.view = config.view().orElse(null);
        this.trouble = trouble;
        thread = new ThreadPoolExecutor(
                1,
                1,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(MOST_WAITING),
                task -> ControlThread.unstarted("vhost4j-" + guest + "-state", task));
        thread.allowCoreThreadTimeOut(true);
    }

    /** Starts to save the state. The descriptor is closed at the end of the transfer, and when this throws. */
    void save(Fd to) throws RefusedException {
        Map<Counter, Long> counters = new EnumMap<>(Counter.class);
        for (Counter counter : Counter.values()) {
            long value = device.counters().get(counter);
            if (value != 0) {
                counters.put(counter, value);
            }
        }
        String abi = view == null ? "" : view.fingerprint();
        byte[] state = new MovedState(
                        promise,
                        abi,
                        context.addresses(device, Announcer.MOST),
                        counters,
                        device.control().settings())
                .bytes();
        begin(to, () -> {
            StatePipe pipe = StatePipe.write(to, state, thread);
            return new Transfer(pipe, pipe.result().thenApply(written -> Optional.empty()));
        });
    }

    /** Starts to load a state. The descriptor is closed at the end of the transfer, and when this throws. */
    void load(Fd from) throws RefusedException {
        begin(from, () -> {
            StatePipe pipe = StatePipe.read(from, thread);
            return new Transfer(pipe, pipe.result().thenApply(this::examined));
        });
    }

    /** Starts a transfer. */
    @FunctionalInterface
    private interface Start {
        Transfer start();
    }

    /** Starts a transfer; abandons an earlier one, because the front-end has started again. */
    private void begin(Fd descriptor, Start start) throws RefusedException {
        end();
        try {
            current = start.start();
        } catch (RejectedExecutionException e) {
            descriptor.close();
            throw new RefusedException("earlier transfers of the device's state hang in the pipes of the front-end");
        }
    }

    private Optional<MovedState> examined(byte[] bytes) {
        try {
            MovedState state = MovedState.parse(bytes);
            compare(state);
            return Optional.of(state);
        } catch (RefusedException e) {
            throw new CompletionException(e);
        }
    }

    private void compare(MovedState state) throws RefusedException {
        GuestView here = view;
        if (here == null || state.abi().isEmpty()) {
            return;
        }
        List<String> differences;
        try {
            differences = here.differences(state.abi());
        } catch (IllegalArgumentException e) {
            throw new RefusedException(e);
        }
        if (!differences.isEmpty()) {
            throw new RefusedException("the guest was promised something else where it comes from (" + state.promise()
                    + ") than here (" + promise + "): " + String.join("; ", differences));
        }
    }

    /**
     * Executes CHECK_DEVICE_STATE: ends the transfer, and applies the loaded state.
     *
     * @param announcer announcer of the guest's connection
     * @param answer called later by the lane: empty on success, otherwise the reason for the failure
     */
    void check(Announcer announcer, Consumer<Optional<String>> answer) {
        Transfer transfer = current;
        current = null;
        if (transfer == null) {
            answer.accept(Optional.of("no transfer of the device's state was begun"));
            return;
        }
        transfer.pipe().finish();
        Future<?> hanging = context.lane
                .loop()
                .schedule(
                        () -> transfer.outcome()
                                .completeExceptionally(new RefusedException(
                                        "the transfer of the device's state hangs in the front-end's pipe")),
                        ANSWER_SECONDS,
                        TimeUnit.SECONDS);
        int ofThis = attempt;
        CompletableFuture<?> unused = transfer.outcome()
                .whenComplete((state, failure) -> inLane(() -> {
                    hanging.cancel(false);
                    if (ofThis == attempt) {
                        answer(failure == null ? state : Optional.empty(), failure, announcer, answer);
                    }
                    // Otherwise the connection has ended in the meantime.
                }));
    }

    private void answer(
            Optional<MovedState> state,
            @Nullable Throwable failure,
            Announcer announcer,
            Consumer<Optional<String>> answer) {
        if (failure != null) {
            answer.accept(Optional.of(reason(failure)));
        } else {
            state.ifPresent(loaded -> take(loaded, announcer));
            answer.accept(Optional.empty());
        }
    }

    private void inLane(Runnable task) {
        try {
            context.lane.execute(task);
        } catch (IllegalStateException e) {
            // The back-end is ending; the connection has ended before.
        }
    }

    private static String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof RefusedException refused ? refused.reason() : String.valueOf(cause);
    }

    private void take(MovedState state, Announcer announcer) {
        for (Counter counter : Counter.values()) {
            device.counters().set(counter, state.counters().getOrDefault(counter, 0L));
        }
        device.control().settings(state.settings());
        announcer.moved(state.stations());
        if (!state.promise().equals(promise) && !state.promise().isEmpty() && !promise.isEmpty()) {
            trouble.accept("the guest comes from " + state.promise() + " to " + promise
                    + ": it sees the same device, so it is accepted");
        }
    }

    /** Returns whether a transfer was started and CHECK_DEVICE_STATE has not arrived yet. */
    boolean moves() {
        return current != null;
    }

    /** Abandons the transfer, because the connection has ended or the front-end has sent another request. */
    void end() {
        Transfer transfer = current;
        current = null;
        attempt++;
        if (transfer != null) {
            transfer.pipe().finish();
        }
    }

    /** Closes the object when the back-end ends. */
    void close() {
        end();
        thread.shutdown();
    }
}
