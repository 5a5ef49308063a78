// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client for tests that can send and receive any bytes. */
final class TestClient implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();

    private final SocketChannel channel;
    private final InputStream in;

    private TestClient(SocketChannel channel) {
        this.channel = channel;
        this.in = new BufferedInputStream(Channels.newInputStream(channel), 1 << 16);
    }

    /** Connects and does nothing more. */
    static TestClient connect(Path path) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(path));
        return new TestClient(channel);
    }

    /** Connects and negotiates. */
    static TestClient negotiated(Path path) throws IOException {
        TestClient client = connect(path);
        client.line();
        client.returned("{'execute': 'qmp_capabilities'}");
        return client;
    }

    /** Sends bytes, a character each. */
    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void send(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** The next line, a character for each byte, without CR and LF; a line that does not end so is an error. */
    String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        while (next != '\n') {
            if (next < 0) {
                throw new EOFException("the server has hung up after '" + line + "'");
            }
            line.write(next);
            next = in.read();
        }
        String text = line.toString(StandardCharsets.ISO_8859_1);
        if (!text.endsWith("\r") || !text.chars().allMatch(c -> c < 0x7f)) {
            throw new IOException("not ASCII that ends in CR LF: " + text);
        }
        return text.substring(0, text.length() - 1);
    }

    /** Sends a message and gives the line that comes back. */
    String ask(String message) throws IOException {
        send(message);
        return line();
    }

    /** Sends a command and gives what it returned; events before the answer are passed over. */
    JsonNode returned(String message) throws IOException {
        send(message);
        JsonNode answer = MAPPER.readTree(line());
        while (answer.has("event")) {
            answer = MAPPER.readTree(line());
        }
        if (!answer.has("return")) {
            throw new IOException(message + ": " + answer);
        }
        return answer.get("return");
    }

    /** Waits for the next event of a name; others are passed over. */
    JsonNode event(String name) throws IOException {
        JsonNode event = MAPPER.readTree(line());
        while (!event.path("event").asString().equals(name)) {
            event = MAPPER.readTree(line());
        }
        return event;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
