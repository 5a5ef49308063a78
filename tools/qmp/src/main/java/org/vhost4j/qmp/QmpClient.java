// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.vhost4j.qmp.wire.JsonText;
import org.vhost4j.qmp.wire.MemoryBudget;
import org.vhost4j.qmp.wire.MessageLimits;
import org.vhost4j.qmp.wire.MessageReader;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A connected client. Its reading thread executes one message after the other and writes the answers itself, so that a
 * client that does not read its answers blocks only itself. Its writing thread writes events. Closing the channel ends
 * both.
 */
final class QmpClient implements MessageReader.Sink {
    /** Maximum number of events that wait for a client. */
    private static final int EVENTS = 1000;

    private static final int BUFFER = 16384;

    private final SocketChannel channel;
    private final Dispatcher dispatcher;
    private final MemoryBudget budget;
    private final Runnable quit;
    private final Consumer<QmpClient> ended;
    private final QmpSession session = new QmpSession();
    private final OutputStream out;
    private final ReentrantLock writing = new ReentrantLock();
    private final BlockingQueue<byte[]> events = new ArrayBlockingQueue<>(EVENTS);
    private final Semaphore eventsWait = new Semaphore(0);
    private final Thread writer;
    private volatile boolean hearsEvents;
    private volatile boolean finishing;

    /**
     * Creates a client, which is not served yet.
     *
     * @param channel the connection; owned by the client from now on
     * @param dispatcher executes messages
     * @param budget memory budget of all clients
     * @param quit runs after the answer to the client's {@code quit} was sent
     * @param ended called once, when the connection has ended
     */
    QmpClient(
            SocketChannel channel,
            Dispatcher dispatcher,
            MemoryBudget budget,
            Runnable quit,
            Consumer<QmpClient> ended) {
        this.channel = channel;
        this.dispatcher = dispatcher;
        this.budget = budget;
        this.quit = quit;
        this.ended = ended;
        this.out = new BufferedOutputStream(new ChannelOutput(channel), BUFFER);
        this.writer = thread("write", this::writeEvents);
    }

    /** A stream that writes all bytes to a channel, in any number of pieces. */
    private static final class ChannelOutput extends OutputStream {
        private final SocketChannel channel;

        private ChannelOutput(SocketChannel channel) {
            this.channel = channel;
        }

        @Override
        public void write(int single) throws IOException {
            write(new byte[] {(byte) single}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
            while (buffer.hasRemaining()) {
                int unused = channel.write(buffer);
            }
        }
    }

    private static Thread thread(String what, Runnable task) {
        return Thread.ofPlatform().daemon().name("vhost4j-qmp-" + what).unstarted(task);
    }

    /**
     * Starts to serve the client.
     *
     * @param greeting the first message
     */
    void start(JsonNode greeting) {
        writer.start();
        thread("read", () -> read(greeting)).start();
    }

    private void read(JsonNode greeting) {
        try (MessageReader reader = new MessageReader(MessageLimits.QEMU, budget, this)) {
            send(greeting);
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
            while (channel.read(buffer) >= 0) {
                reader.feed(buffer.array(), 0, buffer.position());
                buffer.clear();
            }
        } catch (IOException | Gone e) {
            // The client is gone, or was disconnected.
        } catch (OutOfMemoryError e) {
            // The budget keeps messages small compared with the heap; if it fails, only this client is disconnected.
        } finally {
            close();
            ended.accept(this);
        }
    }

    /** Thrown to end the reading thread when an answer cannot be written. */
    private static final class Gone extends RuntimeException {
        private static final long serialVersionUID = 1;

        private Gone() {
            super(null, null, false, false);
        }
    }

    @Override
    public void message(JsonNode message) {
        ObjectNode answer = dispatcher.answer(session, message);
        answer(answer);
        if (session.quitting()) {
            quit.run();
        }
    }

    @Override
    public void broken(String description) {
        answer(Dispatcher.broken(description));
    }

    private void answer(JsonNode answer) {
        try {
            send(answer);
        } catch (IOException e) {
            throw new Gone();
        }
    }

    /** Writes a message, after the events that were queued before it. */
    private void send(JsonNode message) throws IOException {
        writing.lock();
        try {
            drainEvents();
            JsonText.write(message, out);
            // Set before the client can see that the negotiation has ended, so that it misses no event from then on;
            // events of other threads are queued after this message.
            hearsEvents = session.negotiated();
            out.flush();
        } finally {
            writing.unlock();
        }
    }

    private void drainEvents() throws IOException {
        byte[] event = events.poll();
        while (event != null) {
            out.write(event);
            event = events.poll();
        }
        out.flush();
    }

    private void writeEvents() {
        try {
            while (!finishing && channel.isOpen()) {
                eventsWait.acquire();
                writeWaiting();
            }
            // Events may have been queued after the previous check.
            writeWaiting();
        } catch (IOException | InterruptedException e) {
            // The client is gone.
        } finally {
            close();
        }
    }

    private void writeWaiting() throws IOException {
        writing.lock();
        try {
            drainEvents();
        } finally {
            writing.unlock();
        }
    }

    /**
     * Queues an event for writing. Never blocks; a client with too many waiting events is disconnected.
     *
     * @param line the encoded event
     */
    void event(byte[] line) {
        if (hearsEvents) {
            if (events.offer(line)) {
                eventsWait.release();
            } else {
                close();
            }
        }
    }

    /** Closes the connection after all waiting events were written. */
    void finish() {
        finishing = true;
        eventsWait.release();
    }

    /**
     * Waits for the end that {@link #finish} has requested.
     *
     * @param millis maximum time in milliseconds, more than 0
     */
    void join(long millis) throws InterruptedException {
        writer.join(millis);
    }

    /** Closes the connection immediately; waiting events are discarded. */
    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // The connection is closed already.
        }
        eventsWait.release();
    }
}
