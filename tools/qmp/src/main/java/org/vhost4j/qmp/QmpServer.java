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

/** Accepts clients on a socket, and sends events to all of them. */
final class QmpServer implements AutoCloseable {
    /** Maximum number of clients at a time; more wait in the socket's backlog. */
    static final int CLIENTS = 16;

    /** Maximum number of events that wait to be distributed. */
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
     * Creates a server to which clients can connect, but which does not serve them yet.
     *
     * @param socket the socket, which is closed with the server
     * @param trouble receives a line for the operator
     */
    QmpServer(QmpSocket socket, Consumer<String> trouble) {
        this(socket, trouble, FAREWELL);
    }

    /**
     * Creates a server with a given maximum time for writing pending output.
     *
     * @param socket the socket, which is closed with the server
     * @param trouble receives a line for the operator
     * @param farewell maximum time for which {@link #close} waits for clients to read pending output
     */
    QmpServer(QmpSocket socket, Consumer<String> trouble, Duration farewell) {
        this.socket = socket;
        this.trouble = trouble;
        this.farewell = farewell;
        publisher.start();
    }

    /**
     * Starts to serve clients.
     *
     * @param greeting first message to each client
     * @param dispatcher executes messages
     * @param quit runs after the answer to a client's {@code quit} was sent
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
                    // The client may have been served meanwhile: pending output is written first.
                    client.finish();
                }
            } catch (InterruptedException e) {
                return;
            } catch (IOException e) {
                if (!socket.isOpen()) {
                    return;
                }
                // An error such as a lack of descriptors, which may be temporary.
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
     * Notifies all clients past negotiation. Never blocks. If there are more events than can be distributed, clients
     * are disconnected, so that a connected client has missed none.
     *
     * @param event the event
     */
    void publish(QmpEvent event) {
        if (!events.offer(() -> handOut(event))) {
            clients.forEach(QmpClient::close);
        }
    }

    /**
     * Notifies all clients past negotiation before it returns, so that later output follows the event.
     *
     * @param event the event
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
