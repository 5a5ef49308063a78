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
 * An HTTP server on a Unix socket, which the JDK's server does not support: one request on each connection, GET and
 * HEAD only, with limited time and memory.
 */
final class UnixHttpServer implements AutoCloseable {
    /** Time in seconds after which a client that sends or reads nothing is disconnected. */
    private static final int SECONDS = 30;

    private final QmpSocket socket;
    private final HttpHandler handler;
    private final ThreadPoolExecutor threads;
    private final ScheduledThreadPoolExecutor ends;

    /** Clients that wait for a thread, and those whose requests are being handled. */
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
     * Listens, with mode 0600, and handles requests from now on.
     *
     * @param path path of the socket's file
     * @param handler handler of requests
     * @param threads threads that run the handler; clients beyond their capacity are disconnected
     * @throws IOException when it cannot listen on the socket; the message is one clause for the user
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
                // The server is closed, or there is no descriptor: clients wait in the backlog meanwhile.
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
            // The connection is closed anyway.
        }
    }

    /** Closes the server at once, and removes the socket's file. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // The file may be gone already.
        }
        ends.shutdownNow();
        clients.forEach(this::close);
    }
}
