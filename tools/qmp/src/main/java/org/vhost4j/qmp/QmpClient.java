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
 * One client. Its reading thread carries out one message after the other and writes the answers itself: a client that does not
 * read its answers is not read from either. Its writing thread writes events. Closing the channel ends both.
 */
final class QmpClient implements MessageReader.Sink {
    /** Events that may wait for a client. */
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
     * A client, not served yet.
     *
     * @param channel connected; owned by the client from now on
     * @param dispatcher carries out messages
     * @param budget of all clients
     * @param quit runs when the client has ended the program, after it was answered
     * @param ended called once, when the client is gone
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

    /** All bytes to a channel, in however many pieces it takes them. */
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
     * Begins to serve.
     *
     * @param greeting sent first
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
            // The client is gone, or was sent away.
        } catch (OutOfMemoryError e) {
            // The budget keeps messages small compared with the heap; should it fail, this client is what can be given
            // up.
        } finally {
            close();
            ended.accept(this);
        }
    }

    /** Unwinds the reading thread when an answer cannot be written. */
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

    /** Writes a message after the events that came before it. */
    private void send(JsonNode message) throws IOException {
        writing.lock();
        try {
            drainEvents();
            JsonText.write(message, out);
            // Before the client can see that it has negotiated, so that it misses nothing from then on; events of other
            // threads queue up after this message.
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
            // The last of them may have come after the look before.
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
     * Queues an event for writing. Never blocks; a client that has let too many wait is sent away.
     *
     * @param line the event on the wire
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

    /** Closes the connection once everything that waits is written. */
    void finish() {
        finishing = true;
        eventsWait.release();
    }

    /**
     * Waits for the end that {@link #finish} asked for.
     *
     * @param millis how long, more than 0
     */
    void join(long millis) throws InterruptedException {
        writer.join(millis);
    }

    /** Closes the connection at once. */
    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // There is nothing more to close.
        }
        eventsWait.release();
    }
}
