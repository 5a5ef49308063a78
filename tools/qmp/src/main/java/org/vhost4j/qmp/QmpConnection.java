// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A connection to a QMP monitor as a client: executes one command at a time and ignores events. An object is used by one thread. */
public final class QmpConnection implements AutoCloseable {
    /** Maximum size of an answer in bytes, in case the server is not a monitor. */
    private static final int MOST_BYTES = 64 << 20;

    /** Maximum time to wait for the greeting, which a monitor sends as soon as it accepts. */
    private static final Duration GREETING = Duration.ofSeconds(15);

    private static final JsonMapper MAPPER = new JsonMapper();

    private final Path path;
    private final SocketChannel channel;
    private final InputStream in;

    private QmpConnection(Path path, SocketChannel channel) {
        this.path = path;
        this.channel = channel;
        this.in = new BufferedInputStream(Channels.newInputStream(channel));
    }

    /**
     * Connects, and leaves capabilities negotiation mode.
     *
     * @param path the path of the monitor's socket
     * @return the connection, ready for commands
     * @throws IOException when the connection fails; the message is one clause that begins with the path
     */
    public static QmpConnection open(Path path) throws IOException {
        return open(path, GREETING);
    }

    /** Connects, with a given maximum time to wait for the greeting. */
    static QmpConnection open(Path path, Duration greeting) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        QmpConnection connection = new QmpConnection(path, channel);
        try {
            channel.connect(UnixDomainSocketAddress.of(path));
            if (!speaks(channel, greeting)) {
                throw new IOException("the server at this path does not send a QMP greeting");
            }
            if (!connection.message().has("QMP")) {
                throw new IOException("the server at this path is not a monitor");
            }
            JsonNode unused = connection.execute("qmp_capabilities");
            return connection;
        } catch (IOException | IllegalArgumentException e) {
            channel.close();
            String why = String.valueOf(e.getMessage());
            throw new IOException(why.startsWith(path.toString()) ? why : path + ": " + why, e);
        }
    }

    /**
     * Returns whether the server sends something in time, unlike a back-end's vhost-user socket, which waits for its
     * client.
     */
    private static boolean speaks(SocketChannel channel, Duration greeting) throws IOException {
        channel.configureBlocking(false);
        boolean speaks;
        try (Selector selector = Selector.open()) {
            SelectionKey unused = channel.register(selector, SelectionKey.OP_READ);
            speaks = selector.select(greeting.toMillis()) > 0;
        }
        channel.configureBlocking(true);
        return speaks;
    }

    /**
     * Executes a command without arguments.
     *
     * @param command the name of the command
     * @return the return value
     * @throws IOException when the connection ends, with a message of one clause that begins with the path; or when the monitor reports an
     *     error, with its description
     */
    public JsonNode execute(String command) throws IOException {
        return execute(command, JsonNodeFactory.instance.objectNode());
    }

    /**
     * Executes a command.
     *
     * @param command the name of the command
     * @param arguments the arguments, possibly none
     * @return the return value
     * @throws IOException when the connection ends, with a message of one clause that begins with the path; or when the monitor reports an
     *     error, with its description
     */
    public JsonNode execute(String command, ObjectNode arguments) throws IOException {
        ObjectNode message = JsonNodeFactory.instance.objectNode().put("execute", command);
        if (!arguments.isEmpty()) {
            message.set("arguments", arguments);
        }
        JsonNode answer = exchange(message);
        if (answer.has("return")) {
            return answer.get("return");
        }
        JsonNode refusal = answer.path("error").path("desc");
        throw new IOException(
                refusal.isString()
                        ? refusal.asString()
                        : path + ": the answer to '" + command + "' is not that of a monitor");
    }

    /** Sends a command, and reads messages until its answer; events before the answer are ignored. */
    private JsonNode exchange(ObjectNode message) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((message + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                int unused = channel.write(bytes);
            }
            JsonNode answer = message();
            while (answer.has("event")) {
                answer = message();
            }
            return answer;
        } catch (SocketException e) {
            throw new IOException(path + ": the monitor has closed the connection", e);
        }
    }

    private JsonNode message() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        while (next != '\n') {
            if (next < 0) {
                throw new IOException(path + ": the monitor has closed the connection");
            }
            if (line.size() == MOST_BYTES) {
                throw new IOException(
                        path + ": a line of more than " + MOST_BYTES + " bytes is no answer of a monitor");
            }
            line.write(next);
            next = in.read();
        }
        try {
            return MAPPER.readTree(line.toByteArray());
        } catch (JacksonException e) {
            throw new IOException(path + ": the server at this path is not a monitor", e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
