// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.vhost4j.qmp.wire.JsonText;
import org.vhost4j.qmp.wire.MemoryBudget;
import tools.jackson.databind.JsonNode;

/** Clients on a socket: which are connected, and what is sent to all. */
final class QmpServer implements AutoCloseable {
    /** Clients at a time; more wait in the socket's backlog. */
    static final int CLIENTS = 16;

    /** Events that may wait to be handed out, which takes no time. */
    private static final int EVENTS = 10_000;

    private static final Duration FAREWELL = Duration.ofMillis(300);
    private static final long SHORTAGE_MILLIS = 100;

    private final QmpSocket socket;
    private final Consumer<String> trouble;
    private final Duration farewell;
    private final MemoryBudget budget = MemoryBudget.ofHeap();
    private final Semaphore places = new Semaphore(CLIENTS);
    private final Set<QmpClient> clients = ConcurrentHashMap.newKeySet();
    private final BlockingQueue<Runnable> events = new ArrayBlockingQueue<>(EVENTS);
    private final Thread publisher =
            Thread.ofPlatform().daemon().name("vhost4j-qmp-events").unstarted(this::publishAll);
    private volatile boolean closed;

    /**
     * A server that clients can already connect to, and that serves none yet.
     *
     * @param socket where; closed with the server
     * @param trouble receives a line for the operator
     */
    QmpServer(QmpSocket socket, Consumer<String> trouble) {
        this(socket, trouble, FAREWELL);
    }

    /**
     * The same with another time to write what is left.
     *
     * @param socket where; closed with the server
     * @param trouble receives a line for the operator
     * @param farewell how long the end waits at most for clients to take what is still to be written
     */
    QmpServer(QmpSocket socket, Consumer<String> trouble, Duration farewell) {
        this.socket = socket;
        this.trouble = trouble;
        this.farewell = farewell;
        publisher.start();
    }

    /**
     * Begins to serve.
     *
     * @param greeting meets each client
     * @param dispatcher carries out messages
     * @param quit runs when a client has ended the program, after it was answered
     */
    void start(JsonNode greeting, Dispatcher dispatcher, Runnable quit) {
        Thread.ofPlatform().daemon().name("vhost4j-qmp-accept").start(() -> acceptAll(greeting, dispatcher, quit));
    }

    private void acceptAll(JsonNode greeting, Dispatcher dispatcher, Runnable quit) {
        String lastTrouble = "";
        while (!closed) {
            try {
                places.acquire();
                SocketChannel channel = accept();
                QmpClient client = new QmpClient(channel, dispatcher, budget, quit, this::ended);
                clients.add(client);
                client.start(greeting);
                if (closed) {
                    // It may have been served in the meantime: what was said last is written first.
                    client.finish();
                }
            } catch (InterruptedException e) {
                return;
            } catch (IOException e) {
                if (!socket.isOpen()) {
                    return;
                }
                // Such as no descriptors: it may pass.
                String line = "cannot accept a client: " + e.getMessage();
                if (!line.equals(lastTrouble)) {
                    trouble.accept(line);
                }
                lastTrouble = line;
            }
        }
    }

    private SocketChannel accept() throws IOException, InterruptedException {
        try {
            return socket.accept();
        } catch (IOException e) {
            places.release();
            if (socket.isOpen()) {
                Thread.sleep(SHORTAGE_MILLIS);
            }
            throw e;
        }
    }

    private void ended(QmpClient client) {
        clients.remove(client);
        places.release();
    }

    /**
     * Notifies all clients past negotiation. Never blocks. Should there be more than can be handed out, clients are sent away, so
     * that one that is connected has missed nothing.
     *
     * @param event what happened
     */
    void publish(QmpEvent event) {
        if (!events.offer(() -> handOut(event))) {
            clients.forEach(QmpClient::close);
        }
    }

    /**
     * Notifies all clients past negotiation, and returns afterwards: what is sent to them after this comes after it.
     *
     * @param event what happened
     */
    void publishNow(QmpEvent event) {
        CountDownLatch done = new CountDownLatch(1);
        try {
            events.put(() -> {
                handOut(event);
                done.countDown();
            });
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void handOut(QmpEvent event) {
        byte[] line = JsonText.line(event.message());
        clients.forEach(client -> client.event(line));
    }

    private void publishAll() {
        try {
            while (true) {
                events.take().run();
            }
        } catch (InterruptedException e) {
            // The server is closed.
        }
    }

    /** Removes the socket and disconnects all clients, after a short time to write pending output. */
    @Override
    public void close() {
        closed = true;
        try {
            socket.close();
        } catch (IOException e) {
            trouble.accept("the socket cannot be removed: " + e.getMessage());
        }
        clients.forEach(QmpClient::finish);
        long end = System.nanoTime() + farewell.toNanos();
        try {
            for (QmpClient client : clients) {
                client.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        clients.forEach(QmpClient::close);
        publisher.interrupt();
    }
}
