// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MemFd;
import org.vhost4j.vhostuser.wire.Request;

/**
 * A proxy between a front-end and a back-end that replaces the front-end's dirty log by another one. All marks are lost, as if the back-end
 * marked no page. It shows that the memory comparison detects missing marks.
 */
final class LogThief implements AutoCloseable {
    private static final Duration UNLIMITED = Duration.ofHours(1);

    private final Path backEnd;
    private final FrontEndSocket.Listener listener;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicInteger stolen = new AtomicInteger();

    /**
     * Starts to listen.
     *
     * @param frontEnd path of the socket for the front-end, which must not exist yet
     * @param backEnd path of the back-end's socket
     */
    LogThief(Path frontEnd, Path backEnd) {
        this.backEnd = backEnd;
        listener = FrontEndSocket.listen(frontEnd);
        thread("accept", this::serve);
    }

    /** Returns the number of logs that were replaced. */
    int stolen() {
        return stolen.get();
    }

    private static void thread(String what, Runnable task) {
        Thread.ofPlatform().daemon().name("log-thief-" + what).start(task);
    }

    private void serve() {
        try {
            while (true) {
                FrontEndSocket front = keep(listener.accept(UNLIMITED));
                FrontEndSocket back = keep(FrontEndSocket.connect(backEnd, Duration.ofSeconds(10)));
                thread("to-back-end", () -> pass(front, back, true));
                thread("to-front-end", () -> pass(back, front, false));
            }
        } catch (RuntimeException e) {
            // The proxy was closed.
        }
    }

    private void pass(FrontEndSocket from, FrontEndSocket to, boolean requests) {
        try {
            while (true) {
                try (RawMessage message = from.receive(UNLIMITED)) {
                    List<Fd> descriptors = message.descriptors();
                    ByteBuffer payload = message.payload();
                    byte[] bytes = new byte[payload.remaining()];
                    payload.duplicate().get(bytes);
                    if (requests && message.request() == Request.SET_LOG_BASE.code() && !descriptors.isEmpty()) {
                        long size = ByteBuffer.wrap(bytes)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong();
                        descriptors = List.of(keep(MemFd.create("another-log", size)));
                        stolen.incrementAndGet();
                    }
                    to.send(RawMessage.encode(message.request(), message.flags(), bytes), descriptors, UNLIMITED);
                }
            }
        } catch (FrontEndException | IllegalStateException e) {
            // One end has closed the connection, so the other one is closed, too.
            to.fd().hangUp();
        }
    }

    private synchronized <T extends AutoCloseable> T keep(T thing) {
        open.add(thing);
        return thing;
    }

    @Override
    public synchronized void close() {
        listener.close();
        for (AutoCloseable each : open) {
            try {
                each.close();
            } catch (Exception e) {
                // The connection is closed already.
            }
        }
    }
}
