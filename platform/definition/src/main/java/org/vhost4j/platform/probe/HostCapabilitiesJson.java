// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.sys.BoundedFile;
import org.vhost4j.sys.PrintableText;
import org.vhost4j.sys.UnreadableFile;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes and reads the results of probing a host as a JSON file, so that one host can be checked on another.
 *
 * <p>A capability that is missing in the file has an unknown result. A capability that this program does not know is ignored, because the
 * file may come from a newer version.
 */
public final class HostCapabilitiesJson {
    private static final String VERSION = "vhost4j-host-capabilities";
    /** Maximum size of a file in bytes; a usual one has 4 KiB. */
    private static final int MOST_BYTES = 1 << 20;

    private static final long MOST_TOKENS = 10_000;
    private static final JsonMapper MAPPER = LimitedJson.reader(MOST_TOKENS);

    private HostCapabilitiesJson() {}

    /**
     * Writes the results.
     *
     * @param host the results
     * @return JSON text of several lines, without a line end after the last
     */
    public static String write(HostCapabilities host) {
        return write(host, Map.of());
    }

    /**
     * Writes the results, and further members.
     *
     * @param host the results
     * @param about further members by their names, which {@link #read} ignores
     * @return JSON text of several lines, without a line end after the last
     */
    public static String write(HostCapabilities host, Map<String, String> about) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put(VERSION, 1).put("host", host.host()).put("kernel", host.kernel());
        about.forEach(root::put);
        ObjectNode capabilities = root.putObject("capabilities");
        host.answers()
                .forEach((capability, answer) -> capabilities
                        .putObject(capability.id())
                        .put("answer", answer.verdict().word())
                        .put("asked", answer.asked())
                        .put("said", answer.said()));
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    /**
     * Reads a file.
     *
     * @param file file that {@link #write} has written
     * @return the results
     * @throws IOException when the file cannot be read or is invalid; the message is one sentence for the user
     */
    public static HostCapabilities read(Path file) throws IOException {
        String text;
        try {
            text = BoundedFile.readText(file, MOST_BYTES);
        } catch (UnreadableFile e) {
            throw new IOException("The host capabilities in " + file + " cannot be read: it " + e.reason() + ".", e);
        }
        return parse(text, file.toString());
    }

    /**
     * Parses the text of a file.
     *
     * @param text text that {@link #write} has written
     * @param name name for messages
     * @return the results
     * @throws IOException when the text is invalid; the message is one sentence for the user
     */
    public static HostCapabilities parse(String text, String name) throws IOException {
        JsonNode root;
        try {
            root = MAPPER.readTree(text);
        } catch (JacksonException e) {
            TokenStreamLocation where = e.getLocation();
            throw new IOException(
                    "The host capabilities in " + name
                            + (where == null ? " are refused: " : " are not JSON, line " + where.getLineNr() + ": ")
                            + LimitedJson.reason(e) + ".",
                    e);
        }
        if (!root.path(VERSION).isInt() || root.path(VERSION).intValue() != 1) {
            throw new IOException(name + " is not a file of host capabilities: it has no member '" + VERSION
                    + "' with the value 1, as 'vhost4j platform probe --json' writes it.");
        }
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        for (Map.Entry<String, JsonNode> entry : root.path("capabilities").properties()) {
            Optional<HostCapability> capability = HostCapability.ofId(entry.getKey());
            if (capability.isPresent()) {
                answers.put(capability.get(), answer(entry.getValue(), entry.getKey(), name));
            }
        }
        for (HostCapability capability : HostCapability.values()) {
            answers.putIfAbsent(capability, Answer.unknown(capability.question(), "not in " + name));
        }
        return new HostCapabilities(text(root, "host", name), text(root, "kernel", ""), answers);
    }

    /** Returns the text of a member, made safe for messages. */
    private static String text(JsonNode node, String member, String otherwise) {
        return PrintableText.of(node.path(member).asString(otherwise));
    }

    private static Answer answer(JsonNode node, String id, String name) throws IOException {
        String word = text(node, "answer", "");
        for (Answer.Verdict verdict : Answer.Verdict.values()) {
            if (verdict.word().equals(word.toLowerCase(Locale.ROOT))) {
                return new Answer(verdict, text(node, "asked", ""), text(node, "said", ""));
            }
        }
        throw new IOException("The host capabilities in " + name + " say '" + word + "' about " + id
                + "; the answer must be yes, no or unknown.");
    }
}
