// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.capture.CaptureOptions;
import org.vhost4j.device.capture.CaptureStatus;
import org.vhost4j.vhostuser.server.Captures;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Executes the commands for captures. */
final class CaptureAnswers {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Captures captures;
    private final String program;

    /**
     * Creates the commands of a back-end.
     *
     * @param program this program's name and version, which is written into files
     */
    CaptureAnswers(Captures captures, String program) {
        this.captures = captures;
        this.program = program;
    }

    JsonNode start(JsonNode arguments) throws QmpError {
        List<String> ports = new ArrayList<>();
        arguments.path("ports").forEach(port -> ports.add(port.asString()));
        String file = arguments.path("file").asString();
        try {
            CaptureOptions options = new CaptureOptions(
                    Path.of(file),
                    arguments.path("filter").asString(""),
                    number(arguments, "snap-length", CaptureOptions.WHOLE),
                    arguments.path("segmented").asBoolean(false),
                    arguments.path("file-size").asLong(0),
                    number(arguments, "files", 0),
                    number(arguments, "buffer-size", CaptureOptions.BUFFER));
            // Two clients may start a capture at the same time.
            synchronized (this) {
                String id = arguments.has("id") ? arguments.get("id").asString() : free();
                return info(id, captures.start(id, ports, options, program));
            }
        } catch (InvalidPathException e) {
            throw QmpError.generic("'" + file + "' is not a path");
        } catch (IOException | IllegalArgumentException e) {
            throw QmpError.generic(String.valueOf(e.getMessage()));
        } catch (IllegalStateException e) {
            throw QmpError.generic("The back-end ends");
        }
    }

    /** Returns a number argument. A value outside the range of an int is rejected, because it is also outside the option's range. */
    private static int number(JsonNode arguments, String name, int otherwise) {
        long value = arguments.path(name).asLong(otherwise);
        return Math.clamp(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    private String free() {
        int number = 0;
        while (captures.all().containsKey("capture" + number)) {
            number++;
        }
        return "capture" + number;
    }

    JsonNode stop(JsonNode arguments) throws QmpError {
        String id = arguments.path("id").asString();
        CaptureStatus status = captures.stop(id)
                .orElseThrow(() -> new QmpError(QmpError.Kind.DEVICE_NOT_FOUND, "Capture '" + id + "' not found"));
        return info(id, status);
    }

    JsonNode all() {
        ArrayNode all = NODES.arrayNode();
        captures.all().forEach((id, status) -> all.add(info(id, status)));
        return all;
    }

    private static ObjectNode info(String id, CaptureStatus status) {
        CaptureOptions options = status.options();
        ObjectNode node = NODES.objectNode()
                .put("id", id)
                .put("running", status.running())
                .put("file", status.file().toString());
        if (!options.filter().isEmpty()) {
            node.put("filter", options.filter());
        }
        node.put("snap-length", options.snapLength())
                .put("segmented", options.segmented())
                .put("frames", status.frames())
                .put("bytes", status.bytes());
        ArrayNode ports = node.putArray("ports");
        status.ports()
                .forEach(port -> ports.addObject()
                        .put("name", port.name())
                        .put("seen", port.seen())
                        .put("matched", port.matched())
                        .put("dropped", port.dropped()));
        status.failure().ifPresent(reason -> node.put("failure", reason));
        return node;
    }
}
