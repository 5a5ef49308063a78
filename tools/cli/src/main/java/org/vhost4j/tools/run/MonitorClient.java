// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A client of the monitor of a back-end that runs, for one command after the other. */
final class MonitorClient implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();

    private final Path path;
    private final SocketChannel channel;
    private final BufferedReader reader;

    /**
     * Connects and negotiates.
     *
     * @param path of the monitor's socket
     * @throws UnsupportedOption when no monitor answers there
     */
    MonitorClient(Path path) {
        this.path = path;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(path));
            reader = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
            if (!line().has("QMP")) {
                throw new IOException("it is no monitor");
            }
        } catch (IOException e) {
            throw new UnsupportedOption("--qmp=unix:" + path + ": " + e.getMessage());
        }
        JsonNode unused = execute("qmp_capabilities", JsonNodeFactory.instance.objectNode());
    }

    private JsonNode line() throws IOException {
        String line = reader.readLine();
        if (line == null) {
            throw new IOException("the back-end has closed the connection");
        }
        return MAPPER.readTree(line);
    }

    /**
     * Has a command carried out.
     *
     * @param arguments of the command
     * @return what it returned
     * @throws UnsupportedOption with its words, when it is refused
     */
    JsonNode execute(String command, ObjectNode arguments) {
        ObjectNode message = JsonNodeFactory.instance.objectNode().put("execute", command);
        message.set("arguments", arguments);
        try {
            channel.write(StandardCharsets.UTF_8.encode(message + "\n"));
            JsonNode answer = line();
            while (answer.has("event")) {
                answer = line();
            }
            if (answer.has("error")) {
                throw new UnsupportedOption(answer.path("error").path("desc").asString());
            }
            return answer.path("return");
        } catch (IOException e) {
            throw new UnsupportedOption("--qmp=unix:" + path + ": " + e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // There is nothing more to say to it.
        }
    }
}
