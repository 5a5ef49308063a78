// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.monitor;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SocketMessage;
import org.vhost4j.sys.SystemError;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A monitor's client that can send and receive any bytes, and can send descriptors. */
final class Client implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final int ROOM = 65536;

    private final FrontEndSocket socket;
    private final SocketMessage message = new SocketMessage();
    private final MemorySegment room = Arena.ofAuto().allocate(ROOM);
    private byte[] read = new byte[0];
    private int next;

    Client(FrontEndSocket socket) {
        this.socket = socket;
    }

    void send(String text, Fd... descriptors) {
        socket.send(text.getBytes(StandardCharsets.UTF_8), List.of(descriptors), Await.PATIENCE);
    }

    /** Sends each byte by itself, the descriptors with the first. */
    void sendInPieces(String text, Fd... descriptors) {
        send(text.substring(0, 1), descriptors);
        text.substring(1).chars().forEach(c -> send(String.valueOf((char) c)));
    }

    /** Sends as much as there is room for. */
    int sendWithoutWaiting(String text) {
        room.asSlice(0, text.length()).copyFrom(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
        int sent = message.send(socket.fd(), room, 0, text.length(), List.of());
        return sent == -Errno.EAGAIN ? 0 : SystemError.check(sent, "cannot send");
    }

    /** The next line, without CR and LF. */
    String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            if (next == read.length && !more()) {
                throw new EOFException("the connection ended after: " + line);
            }
            byte b = read[next++];
            if (b == '\n') {
                return line.toString(StandardCharsets.UTF_8).stripTrailing();
            }
            line.write(b);
        }
    }

    /** The rest of what comes, until the other end closes. */
    String rest() throws IOException {
        StringBuilder rest = new StringBuilder();
        try {
            while (true) {
                rest.append(line()).append('\n');
            }
        } catch (EOFException e) {
            return rest.toString();
        }
    }

    private boolean more() {
        List<Fd> descriptors = new ArrayList<>();
        int[] got = {0};
        Await.until("bytes of the monitor", () -> {
            got[0] = message.receive(socket.fd(), room, 0, ROOM, descriptors);
            return got[0] != -Errno.EAGAIN;
        });
        descriptors.forEach(Fd::close);
        int count = got[0] == -Errno.ECONNRESET ? 0 : SystemError.check(got[0], "cannot receive");
        read = room.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
        next = 0;
        return count > 0;
    }

    /** Whether nothing has come that was not read. */
    boolean isSilent() {
        int got = message.receive(socket.fd(), room, 0, 1, new ArrayList<>());
        return next == read.length && got == -Errno.EAGAIN;
    }

    /** The next line that is no event. */
    String answer() throws IOException {
        while (true) {
            String line = line();
            if (!MAPPER.readTree(line).has("event")) {
                return line;
            }
        }
    }

    /** Sends a command and gives its answer. */
    String ask(String command, Fd... descriptors) throws IOException {
        send(command, descriptors);
        return answer();
    }

    /** What a command returns. */
    JsonNode returned(String command) throws IOException {
        String answer = ask(command);
        JsonNode value = MAPPER.readTree(answer).get("return");
        if (value == null) {
            throw new AssertionError(answer);
        }
        return value;
    }

    static JsonNode json(String line) {
        return MAPPER.readTree(line);
    }

    /** Hangs up. */
    void leave() {
        socket.close();
    }

    @Override
    public void close() {
        socket.close();
    }
}
