// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SocketMessage;

/**
 * The bytes and descriptors that a stream has still to send. Waiting descriptors are duplicates, so that the caller can close its own
 * descriptors at once.
 */
final class SendQueue {
    /** Maximum number of waiting bytes, so that a peer that reads nothing cannot use unlimited memory. */
    static final int LIMIT = 1 << 20;

    private static final int CHUNK = 4096;

    private record Waiting(ByteBuffer bytes, List<Fd> descriptors) {}

    private final Fd socket;
    private final SocketMessage message = new SocketMessage();
    private final MemorySegment chunk = Arena.ofAuto().allocate(CHUNK);
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int waitingBytes;

    SendQueue(Fd socket) {
        this.socket = socket;
    }

    /** Sends as much as the socket accepts and keeps the rest; returns 0, or a negative errno that ends the stream. */
    int send(ByteBuffer bytes, List<Fd> descriptors) {
        ByteBuffer rest = bytes.slice();
        List<Fd> unsent = descriptors;
        if (waiting.isEmpty()) {
            int length = rest.remaining();
            int result = push(rest, descriptors);
            if (result < 0 && result != -Errno.EAGAIN) {
                return result;
            }
            if (rest.remaining() < length) {
                unsent = List.of();
            }
            if (!rest.hasRemaining()) {
                return 0;
            }
        }
        // Only one message with descriptors may wait, because all guests share the process's limit of descriptors.
        boolean another = !unsent.isEmpty() && waiting.stream().anyMatch(each -> !each.descriptors.isEmpty());
        if (another || rest.remaining() > LIMIT - waitingBytes) {
            return -Errno.ENOBUFS;
        }
        List<Fd> kept = new ArrayList<>(unsent.size());
        for (Fd descriptor : unsent) {
            kept.add(descriptor.duplicate());
        }
        waiting.add(new Waiting(ByteBuffer.allocate(rest.remaining()).put(rest).flip(), kept));
        waitingBytes += waiting.getLast().bytes.remaining();
        return 0;
    }

    /** Sends waiting bytes; called when the socket may have room again. Returns 0, or a negative errno that ends the stream. */
    int flush() {
        while (!waiting.isEmpty()) {
            Waiting first = waiting.getFirst();
            int before = first.bytes.remaining();
            int result = push(first.bytes, first.descriptors);
            int sent = before - first.bytes.remaining();
            waitingBytes -= sent;
            if (sent > 0) {
                first.descriptors.forEach(Fd::close);
                first.descriptors.clear();
            }
            if (result < 0) {
                return result == -Errno.EAGAIN ? 0 : result;
            }
            waiting.removeFirst();
        }
        return 0;
    }

    /** Sends until all bytes are sent or the socket is full; returns 0 or a negative errno. */
    private int push(ByteBuffer bytes, List<Fd> descriptors) {
        List<Fd> beside = descriptors;
        while (bytes.hasRemaining()) {
            int count = Math.min(bytes.remaining(), CHUNK);
            MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, chunk, 0, count);
            int sent = message.send(socket, chunk, 0, count, beside);
            if (sent == -Errno.EINTR) {
                continue;
            }
            if (sent < 0) {
                return sent;
            }
            bytes.position(bytes.position() + sent);
            beside = List.of();
        }
        return 0;
    }

    /** Returns a copy of all waiting bytes. */
    byte[] waiting() {
        ByteBuffer all = ByteBuffer.allocate(waitingBytes);
        waiting.forEach(each -> all.put(each.bytes.duplicate()));
        return all.array();
    }

    int waitingBytes() {
        return waitingBytes;
    }

    void close() {
        for (Waiting each : waiting) {
            each.descriptors.forEach(Fd::close);
        }
        waiting.clear();
        waitingBytes = 0;
    }
}
