// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.qmp.QmpMonitor;
import org.vhost4j.qmp.Served;
import org.vhost4j.qmp.rates.PortHistory;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.NotifySocket;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.common.Version;
import org.vhost4j.tools.metrics.MetricsServer;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;

/**
 * The running back-end of this process. It runs until a signal or a client of its monitor ends it. The process then ends with status 0, or
 * with status 1 when ending takes longer than three seconds, or when the back-end that took over from it has been killed.
 */
final class RunningBackend {
    private static final long END_MILLIS = 3_000;
    private static final long LINE_MILLIS = 200;

    /**
     * Number of threads other than lanes: two logs, files, a library's cleaner, and those for a signal and for the
     * shutdown hook.
     */
    private static final int THREADS_BESIDE_LANES = 8;

    private final EventPrinter events;
    private final Optional<Succession> succession;

    /** The monitor; in a back-end that takes over it is opened when the previous one has released its socket. */
    private volatile Optional<QmpMonitor> monitor = Optional.empty();

    /** The server for metrics, opened together with the monitor. */
    private volatile Optional<MetricsServer> metrics = Optional.empty();

    /** The rates of ports; present when a client can query them. */
    private volatile Optional<PortHistory> rates = Optional.empty();

    /** Whether another process has taken over. */
    private volatile boolean handedOver;

    /** Whether the process that took over has ended before this one. */
    private volatile boolean orphaned;

    /** Whether the back-end failed to start, so that the process ends with the status of that failure. */
    private volatile boolean failed;

    private final CountDownLatch quit = new CountDownLatch(1);

    /** Completed when the back-end has started; the shutdown hook waits for it, because a signal can arrive before. */
    private final CompletableFuture<Backend> started = new CompletableFuture<>();

    private RunningBackend(EventPrinter events, Optional<Succession> succession) {
        this.events = events;
        this.succession = succession;
    }

    /**
     * Starts a back-end, and its monitor.
     *
     * @param config configuration of the back-end
     * @param resolution the promise to guests
     * @param abi properties that guests see
     * @param catalog every machine and platform, for clients of the monitor
     * @param host this host's probe, for clients of the monitor
     * @param socket path of the monitor's socket; empty for no monitor
     * @param page address of metrics and page; empty for neither
     * @param takeOver path of the hand-over socket; empty for a back-end that neither takes over nor hands over
     * @param trace receives the messages of front-ends; empty for no trace
     * @param daemon adds, changes and removes guests and ports, when the back-end runs
     * @return the running back-end
     * @throws UnsupportedOption when a socket or a port cannot be opened
     */
    static RunningBackend start(
            BackendConfig config,
            Resolution resolution,
            GuestAbi abi,
            PlatformCatalog catalog,
            HostCapabilities host,
            Optional<Path> socket,
            Optional<String> page,
            Optional<Path> takeOver,
            Optional<TraceLog> trace,
            Daemon daemon) {
        SpareThreads.check(config.lanesInUse() + THREADS_BESIDE_LANES);
        EventPrinter events = StandardStreams.limit(daemon.options().logFormat());
        Optional<Succession> succession = takeOver.map(path -> new Succession(path, events));
        Optional<HandOverChannel> before = succession.flatMap(Succession::before);
        RunningBackend running = new RunningBackend(events, succession);
        if (before.isEmpty()) {
            running.monitor = socket.map(path -> listen(path, events));
            try {
                running.metrics = page.map(RunningBackend::listen);
            } catch (UnsupportedOption e) {
                running.monitor.ifPresent(QmpMonitor::close);
                throw e;
            }
        }
        // Installed before the first line that announces the sockets: from then on a signal ends the process in order.
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("vhost4j-end").unstarted(running::end));
        List<String> lines = daemon.options().verbose()
                ? StartLines.verbose(config, resolution, abi, AttachedQemu.of(catalog.machine(resolution.machine())))
                : StartLines.brief(config, resolution, abi);
        lines.forEach(events::line);
        LaneCores.warnings(config, ControlThread.cores()).forEach(warning -> events.warning("vhost4j: " + warning));
        Listeners listeners = new Listeners(List.of(events));
        trace.ifPresent(listeners::add);
        Backend backend = running.open(config, listeners, before);
        try {
            before.ifPresent(channel -> {
                succession.ifPresent(each -> each.awaitLeaving(channel));
                // The guests belong to this process now, and must not end because the monitor cannot be opened.
                running.monitor = socket.flatMap(path -> running.unlessRefused(() -> listen(path, events)));
                running.metrics = page.flatMap(address -> running.unlessRefused(() -> listen(address)));
                running.listenToEvents(listeners);
            });
            daemon.serve(backend, line -> events.caused("config", line));
            if (socket.isPresent() || page.isPresent()) {
                PortHistory rates = PortHistory.start(() -> {
                    backend.noteTime();
                    return backend.ports();
                });
                running.rates = Optional.of(rates);
                Served served = new Served(backend, config, resolution, abi, catalog, host, rates, daemon);
                running.monitor.ifPresent(clients -> clients.serve(served, running.quit::countDown));
                running.metrics.ifPresent(server -> {
                    server.serve(served);
                    events.line("vhost4j: metrics and a page at " + server.url());
                });
            }
            succession.ifPresent(each -> {
                Supplier<Boolean> listening = () -> each.listen(backend, running::leave, running::left);
                Object unused = before.isPresent() ? running.unlessRefused(listening) : listening.get();
            });
        } catch (RuntimeException | Error e) {
            running.failed = true;
            throw e;
        }
        NotifySocket.ofEnvironment().ready().ifPresent(line -> events.caused("service manager", line));
        return running;
    }

    private Backend open(BackendConfig config, Listeners listeners, Optional<HandOverChannel> before) {
        listenToEvents(listeners);
        try {
            Backend backend = before.isPresent()
                    ? succession.orElseThrow().takeOver(config, listeners, before.get())
                    : Backend.start(config, listeners);
            started.complete(backend);
            return backend;
        } catch (RuntimeException | Error e) {
            started.completeExceptionally(e);
            monitor.ifPresent(QmpMonitor::close);
            metrics.ifPresent(MetricsServer::close);
            events.close();
            if (e instanceof SystemError) {
                throw new UnsupportedOption(String.valueOf(e.getMessage()));
            }
            throw e;
        }
    }

    /** Releases the monitor's socket, after another process has taken over everything else. */
    private void leave() {
        handedOver = true;
        monitor.ifPresent(QmpMonitor::close);
        metrics.ifPresent(MetricsServer::close);
    }

    /**
     * Ends the process after a hand-over. If the next back-end has already ended, the exit status makes the service manager restart the
     * service.
     */
    private void left(boolean nextLives) {
        orphaned = !nextLives;
        quit.countDown();
    }

    private void listenToEvents(Listeners listeners) {
        monitor.ifPresent(clients -> listeners.add(clients.events()));
        metrics.ifPresent(server -> listeners.add(server.events()));
    }

    /** Opens a resource that clients need but guests do not. A failure is only reported in a line. */
    private <T> Optional<T> unlessRefused(Supplier<T> opening) {
        try {
            return Optional.of(opening.get());
        } catch (UnsupportedOption e) {
            events.caused("take-over", e.getMessage() + "; guests are served without it");
            return Optional.empty();
        }
    }

    private static MetricsServer listen(String address) {
        try {
            return MetricsServer.listen(address);
        } catch (IOException e) {
            throw new UnsupportedOption("--metrics=" + address + ": " + e.getMessage());
        }
    }

    private static QmpMonitor listen(Path path, EventPrinter events) {
        try {
            return QmpMonitor.listen(path, Version.current(), line -> events.caused("qmp", line));
        } catch (IOException e) {
            throw new UnsupportedOption("--qmp=unix:" + path + ": " + e.getMessage());
        }
    }

    /** Waits until a client of the monitor ends the back-end, and ends the process. Does not return. */
    void awaitEnd() {
        try {
            quit.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().exit(0);
    }

    /** The shutdown hook: ends in any state within {@value #END_MILLIS} ms, even if a lane or the output blocks. */
    private void end() {
        boolean ended = within(END_MILLIS, "vhost4j-close", this::close);
        if (!ended) {
            boolean unused = within(
                    LINE_MILLIS,
                    "vhost4j-last-line",
                    () -> StandardStreams.lastLine("vhost4j: did not end within " + END_MILLIS / 1000
                            + " s after the signal: something that it waits for does not answer; it ends now"));
        }
        if (started.isCompletedExceptionally() || failed) {
            // The process ends with the status of that failure.
            return;
        }
        // A back-end that a signal ends has succeeded: without this call the JVM would exit with the signal's status.
        Runtime.getRuntime().halt(ended && !orphaned ? 0 : 1);
    }

    /**
     * Runs a task in a separate thread; returns false when the task has not returned in time, or no thread can be
     * created.
     */
    private static boolean within(long millis, String name, Runnable task) {
        try {
            Thread thread = Thread.ofPlatform().daemon().name(name).start(task);
            return thread.join(Duration.ofMillis(millis));
        } catch (InterruptedException | OutOfMemoryError e) {
            return false;
        }
    }

    private void close() {
        Backend backend = started.exceptionally(failure -> null).join();
        if (backend == null) {
            return;
        }
        if (!handedOver) {
            monitor.ifPresent(QmpMonitor::endedBySignal);
        }
        succession.ifPresent(Succession::close);
        metrics.ifPresent(MetricsServer::close);
        rates.ifPresent(PortHistory::close);
        backend.close();
        monitor.ifPresent(QmpMonitor::close);
        events.close();
    }
}
