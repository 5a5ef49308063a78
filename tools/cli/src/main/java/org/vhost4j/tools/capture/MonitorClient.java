// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.capture;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A client of a back-end's monitor. Several threads may use it, one command at a time. */
final class MonitorClient implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();

    private final Path socket;
    private final SocketChannel channel;
    private final BufferedReader in;
    private final OutputStream out;

    /**
     * Connects, and ends the negotiation.
     *
     * @param socket where the monitor listens
     * @throws UnsupportedOption when no monitor does
     */
    MonitorClient(Path socket) {
        this.socket = socket;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            throw new UnsupportedOption("no monitor answers at " + socket + ": " + e.getMessage());
        }
        in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        out = Channels.newOutputStream(channel);
        JsonNode unused = execute("qmp_capabilities", MAPPER.createObjectNode());
    }

    /** An object to put arguments in. */
    static ObjectNode arguments() {
        return MAPPER.createObjectNode();
    }

    /**
     * Carries a command out.
     *
     * @return what it returned
     * @throws UnsupportedOption when it is refused, or the back-end is gone
     */
    synchronized JsonNode execute(String command, ObjectNode arguments) {
        ObjectNode message = MAPPER.createObjectNode().put("execute", command);
        message.set("arguments", arguments);
        try {
            out.write((MAPPER.writeValueAsString(message) + "\n").getBytes(StandardCharsets.UTF_8));
            while (true) {
                String line = in.readLine();
                if (line == null) {
                    throw new UnsupportedOption("the back-end at " + socket + " is gone");
                }
                JsonNode answer = MAPPER.readTree(line);
                if (answer.has("return")) {
                    return answer.get("return");
                }
                if (answer.has("error")) {
                    throw new UnsupportedOption(
                            answer.path("error").path("desc").asString());
                }
            }
        } catch (IOException e) {
            throw new UnsupportedOption("the back-end at " + socket + " is gone: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // There is nothing more to close.
        }
    }
}
