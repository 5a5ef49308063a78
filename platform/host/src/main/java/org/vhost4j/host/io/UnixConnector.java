// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.nio.file.Path;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.PeerProcess;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnixAddress;

/**
 * Connects to a Unix socket, and retries with increasing delays while no process listens there. The kernel reports the process that
 * sent the data on a connection: see {@link UnixStream#sender}. Belongs to its loop's thread.
 */
public final class UnixConnector implements AutoCloseable {
    /** Receives the results of attempts to connect. Called by the loop's thread. */
    public interface Handler {
        /**
         * Handles a connection. Call {@link UnixConnector#connect} to connect again after it is lost.
         *
         * @param connection non-blocking; owned by the handler from now on
         */
        void connected(Fd connection);

        /**
         * Reports that there is no connection yet. Called only when the reason changes, not after each attempt.
         *
         * @param reason the reason, in one line
         */
        void waiting(String reason);
    }

    private final IoLoop loop;
    private final UnixAddress address;
    private final long firstDelay;
    private final long longestDelay;
    private final Handler handler;

    private long delay;
    private int lastErrno;
    private boolean open = true;
    private boolean frozen;
    private @Nullable Future<?> attempt;

    /**
     * Creates a connector that does not connect yet. Called by the loop's thread.
     *
     * @param loop the loop that will own the connector
     * @param path path of the socket
     * @param firstDelay milliseconds between the first attempt and the second, at least 1; doubled for each subsequent one
     * @param longestDelay maximum delay in milliseconds
     * @param handler receives the results
     * @throws SystemError when no socket can have this path
     */
    public UnixConnector(IoLoop loop, Path path, long firstDelay, long longestDelay, Handler handler) {
        loop.assertInLoop();
        this.loop = loop;
        this.address = UnixAddress.of(path);
        this.firstDelay = firstDelay;
        this.longestDelay = longestDelay;
        this.handler = handler;
    }

    /** Starts to try to connect, until an attempt succeeds or {@link #close} is called. Returns before the first attempt. */
    public void connect() {
        loop.assertInLoop();
        if (open && attempt == null) {
            delay = firstDelay;
            lastErrno = 0;
            attempt = loop.schedule(this::attempt, 0, TimeUnit.MILLISECONDS);
        }
    }

    /** Pauses the attempts until {@link #thaw}. */
    public void freeze() {
        frozen = true;
    }

    /** Continues after {@link #freeze}. */
    public void thaw() {
        frozen = false;
    }

    private void attempt() {
        if (!open) {
            return;
        }
        if (frozen) {
            attempt = loop.schedule(this::attempt, firstDelay, TimeUnit.MILLISECONDS);
            return;
        }
        attempt = null;
        Fd socket;
        try {
            socket = UnixAddress.socket();
        } catch (SystemError e) {
            retry(e.errno());
            return;
        }
        // The first message may have arrived when connect(2) returns.
        PeerProcess.requestCredentials(socket);
        int result = address.connect(socket);
        if (result == 0) {
            hand(socket);
        } else {
            socket.close();
            retry(-result);
        }
    }

    private void retry(int errno) {
        attempt = loop.schedule(this::attempt, delay, TimeUnit.MILLISECONDS);
        delay = Math.min(2 * delay, longestDelay);
        if (errno != lastErrno) {
            lastErrno = errno;
            handler.waiting(new SystemError("waiting for " + address, errno).getMessage());
        }
    }

    private void hand(Fd socket) {
        boolean done = false;
        try {
            handler.connected(socket);
            done = true;
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    /** Stops the attempts; later calls do nothing. A connection that was passed to the handler is not closed. */
    @Override
    public void close() {
        loop.assertInLoop();
        open = false;
        Future<?> pending = attempt;
        if (pending != null) {
            pending.cancel(false);
            attempt = null;
        }
    }
}
