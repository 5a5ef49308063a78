// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.vhost4j.qmp.QmpSocket;

/**
 * HTTP on a Unix socket, which the JDK's own server does not have: one request on each connection, GET and HEAD alone, in bounded time and
 * memory.
 */
final class UnixHttpServer implements AutoCloseable {
    /** A client that sends nothing, or reads nothing, is disconnected then. */
    private static final int SECONDS = 30;

    private final QmpSocket socket;
    private final HttpHandler handler;
    private final ThreadPoolExecutor threads;
    private final ScheduledThreadPoolExecutor ends;

    /** Those that wait for a thread, and those that are answered. */
    private final Set<SocketChannel> clients = ConcurrentHashMap.newKeySet();

    private UnixHttpServer(QmpSocket socket, HttpHandler handler, ThreadPoolExecutor threads) {
        this.socket = socket;
        this.handler = handler;
        this.threads = threads;
        ends = new ScheduledThreadPoolExecutor(
                1,
                task -> Thread.ofPlatform().daemon().name("vhost4j-metrics-end").unstarted(task));
        ends.setRemoveOnCancelPolicy(true);
    }

    /**
     * Listens, with mode 0600, and answers from now on.
     *
     * @param path of the socket's file
     * @param handler answers requests
     * @param threads run the handler; more requests than they take are disconnected
     * @throws IOException when the socket cannot be had; the message is one clause for the user
     */
    static UnixHttpServer listen(Path path, HttpHandler handler, ThreadPoolExecutor threads) throws IOException {
        UnixHttpServer made = new UnixHttpServer(QmpSocket.listen(path), handler, threads);
        Thread.ofPlatform().daemon().name("vhost4j-metrics-accept").start(made::accept);
        return made;
    }

    private void accept() {
        while (socket.isOpen()) {
            try {
                SocketChannel client = socket.accept();
                clients.add(client);
                try {
                    threads.execute(() -> answer(client));
                } catch (RejectedExecutionException e) {
                    close(client);
                }
            } catch (IOException e) {
                // It is closed, or out of descriptors: clients wait in the backlog meanwhile.
                if (socket.isOpen() && !pause()) {
                    return;
                }
            }
        }
    }

    private static boolean pause() {
        try {
            Thread.sleep(100);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    private void answer(SocketChannel client) {
        try (client) {
            var end = ends.schedule(() -> close(client), SECONDS, TimeUnit.SECONDS);
            try {
                UnixExchange exchange = UnixExchange.read(client);
                if (exchange != null) {
                    handler.handle(exchange);
                    exchange.close();
                }
            } finally {
                end.cancel(false);
            }
        } catch (IOException | RejectedExecutionException e) {
            // The client is gone or took too long, or the server was closed.
        } finally {
            clients.remove(client);
        }
    }

    private void close(SocketChannel client) {
        clients.remove(client);
        try {
            client.close();
        } catch (IOException e) {
            // It is closed anyway.
        }
    }

    /** Ends at once, and removes the socket's file. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // Its file may be gone already.
        }
        ends.shutdownNow();
        clients.forEach(this::close);
    }
}
