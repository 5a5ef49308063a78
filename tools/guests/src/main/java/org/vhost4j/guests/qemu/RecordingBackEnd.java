// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.RawMessage;

/** A back-end without a device, on a separate thread: it serves one connection and records the front-end's messages. */
final class RecordingBackEnd implements AutoCloseable {
    private static final Duration A_WHILE = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final CompletableFuture<Recording> recording = new CompletableFuture<>();
    private volatile boolean over;

    /**
     * Starts to listen.
     *
     * @param socket path of the socket, which must not exist yet
     * @param consent the answers
     */
    RecordingBackEnd(Path socket, Consent consent) {
        FrontEndSocket.Listener listener = FrontEndSocket.listen(socket);
        Thread.ofPlatform().daemon().name("recording-" + socket.getFileName()).start(() -> serve(listener, consent));
    }

    private void serve(FrontEndSocket.Listener listener, Consent consent) {
        try (listener) {
            Optional<FrontEndSocket> connection = accept(listener);
            if (connection.isPresent()) {
                try (FrontEndSocket socket = connection.get()) {
                    converse(socket, consent);
                }
            }
            recording.complete(consent.recording());
        } catch (RuntimeException e) {
            recording.completeExceptionally(e);
        }
    }

    private Optional<FrontEndSocket> accept(FrontEndSocket.Listener listener) {
        while (!over) {
            try {
                return Optional.of(listener.accept(A_WHILE));
            } catch (FrontEndException.TimedOut e) {
                // Checks whether the object was closed, because a front-end may never connect.
            }
        }
        return Optional.empty();
    }

    private static void converse(FrontEndSocket socket, Consent consent) {
        try {
            while (true) {
                try (RawMessage message = socket.receive(PATIENCE)) {
                    Optional<byte[]> reply = consent.receive(message);
                    if (reply.isPresent()) {
                        socket.send(reply.get(), List.of(), PATIENCE);
                    }
                }
            }
        } catch (FrontEndException.Closed e) {
            // The front-end has ended, and everything that it sent has been read.
        }
    }

    /**
     * Waits until the front-end has disconnected; its process must have ended already.
     *
     * @return all its messages
     */
    Recording end() {
        over = true;
        return recording.join();
    }

    @Override
    public void close() {
        over = true;
    }
}
