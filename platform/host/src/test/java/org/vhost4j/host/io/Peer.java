// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SocketMessage;
import org.vhost4j.sys.SystemError;

/**
 * The other end of a stream in a test, with blocking calls on the test's thread; the test determines the size of each
 * write.
 */
final class Peer implements AutoCloseable {

    final Fd socket;
    private final SocketMessage message = new SocketMessage();
    private final MemorySegment buffer = Arena.ofAuto().allocate(1 << 16);

    Peer(Fd socket) {
        this.socket = socket;
    }

    /** Sends everything in one call. */
    void send(byte[] bytes, Fd... descriptors) {
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, buffer, 0, bytes.length);
        int sent =
                SystemError.check(message.send(socket, buffer, 0, bytes.length, List.of(descriptors)), "cannot send");
        if (sent != bytes.length) {
            throw new AssertionError("sent " + sent + " of " + bytes.length);
        }
    }

    /** Receives what one call gives, for which it waits; empty at the end of the stream, also an abrupt one. */
    byte[] receive(int atMost, List<Fd> descriptors) {
        int[] received = {-Errno.EAGAIN};
        Await.until("something comes", () -> {
            received[0] = message.receive(socket, buffer, 0, atMost, descriptors);
            return received[0] != -Errno.EAGAIN;
        });
        if (received[0] == -Errno.ECONNRESET) {
            return new byte[0];
        }
        return buffer.asSlice(0, SystemError.check(received[0], "cannot receive"))
                .toArray(ValueLayout.JAVA_BYTE);
    }

    /** Receives exactly so many bytes. */
    byte[] receiveAll(int bytes) {
        byte[] all = new byte[bytes];
        int have = 0;
        while (have < bytes) {
            byte[] part = receive(Math.min(bytes - have, 1 << 16), new ArrayList<>());
            if (part.length == 0) {
                throw new AssertionError("the stream ended after " + have + " of " + bytes + " bytes");
            }
            System.arraycopy(part, 0, all, have, part.length);
            have += part.length;
        }
        return all;
    }

    @Override
    public void close() {
        socket.close();
    }
}
