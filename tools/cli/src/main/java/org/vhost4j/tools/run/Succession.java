// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.NotifySocket;
import org.vhost4j.sys.SocketPeer;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.HandOverSocket;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.BackendListener;

/** Implements {@code --take-over}: takes over from the running back-end, and waits for the next one. */
final class Succession implements AutoCloseable {
    /** Maximum time for the old back-end to close its monitor, whose clients may not read. */
    private static final Duration LEAVING = Duration.ofSeconds(5);

    private final Path path;
    private final EventPrinter events;
    private final NotifySocket manager = NotifySocket.ofEnvironment();
    private volatile @Nullable HandOverSocket socket;

    Succession(Path path, EventPrinter events) {
        this.path = path;
        this.events = events;
    }

    /**
     * Connects to the back-end that runs now.
     *
     * @return a channel to it; empty when no process listens
     */
    Optional<HandOverChannel> before() {
        try {
            return Optional.of(HandOverChannel.connect(path));
        } catch (SystemError e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ECONNREFUSED) {
                return Optional.empty();
            }
            throw new UnsupportedOption("--take-over=unix:" + path + ": " + e.getMessage());
        }
    }

    /** Takes over all guests and ports of the previous back-end. */
    Backend takeOver(BackendConfig config, BackendListener listener, HandOverChannel before) {
        try {
            SocketPeer peer = before.requireSameUser();
            Backend backend = Backend.takeOver(config, listener, before, () -> Rehearsal.run(config));
            events.line("vhost4j: took over from process " + peer.process());
            return backend;
        } catch (HandOverException e) {
            throw new UnsupportedOption(
                    "--take-over=unix:" + path + ": the running back-end keeps its guests: " + e.reason());
        }
    }

    /** Waits until the previous back-end has released all resources that only one process can have. */
    void awaitLeaving(HandOverChannel before) {
        before.awaitEnd(LEAVING);
        before.close();
    }

    /**
     * Listens for the next back-end, in a separate thread.
     *
     * @param backend the back-end to hand over
     * @param leaving releases the resources that only one process can have, after the next back-end has taken over everything else
     * @param gone called at the end; true when the next back-end still runs, because it has the channel open
     * @return true when it listens
     * @throws UnsupportedOption when it cannot listen there
     */
    boolean listen(Backend backend, Runnable leaving, Consumer<Boolean> gone) {
        HandOverSocket next;
        try {
            next = HandOverSocket.listen(path);
        } catch (SystemError e) {
            throw new UnsupportedOption("--take-over=unix:" + path + ": " + e.getMessage());
        }
        socket = next;
        Thread.ofPlatform().daemon().name("vhost4j-take-over").start(() -> serve(next, backend, leaving, gone));
        return true;
    }

    private void serve(HandOverSocket next, Backend backend, Runnable leaving, Consumer<Boolean> gone) {
        Optional<HandOverChannel> channel = next.accept();
        while (channel.isPresent()) {
            try (HandOverChannel to = channel.get()) {
                SocketPeer peer = backend.handOver(to);
                leaving.run();
                manager.mainProcess(peer.process()).ifPresent(line -> events.caused("service manager", line));
                boolean lives = !to.isGone();
                events.line("vhost4j: handed over to process " + peer.process()
                        + (lives ? "" : ", which has ended since: guests wait until a back-end is started again"));
                gone.accept(lives);
                return;
            } catch (HandOverException e) {
                events.caused("take-over", "the hand-over failed, and this back-end continues: " + e.reason());
            }
            channel = next.accept();
        }
    }

    /** Stops listening. */
    @Override
    public void close() {
        HandOverSocket last = socket;
        if (last != null) {
            last.close();
        }
    }
}
