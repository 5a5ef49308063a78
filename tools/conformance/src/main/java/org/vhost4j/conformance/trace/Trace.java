// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.sys.PrintableText;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.Request;

/**
 * A recorded trace.
 *
 * @param heading the lines before and after the messages, by name: {@code case}, {@code seed}, {@code outcome} and more
 * @param messages the messages of all connections, in order of time
 */
public record Trace(Map<String, String> heading, List<TracedMessage> messages) {
    private static final long MOST_BYTES = 256L << 20;
    private static final Pattern MESSAGE = Pattern.compile(" *[0-9.]+ #([0-9]+c?) ([<>]) .*");
    private static final Pattern FIELD = Pattern.compile("([a-z-]+): (.*)");
    private static final Pattern BYTES = Pattern.compile(" *= ([0-9a-f]*)(?: \\+([0-9]{1,3}))?");

    /** Copies the collections. */
    public Trace {
        heading = new LinkedHashMap<>(heading);
        messages = List.copyOf(messages);
    }

    /**
     * Reads a trace.
     *
     * @param file a file that {@code --record} wrote; it may be truncated
     * @return the trace
     * @throws UnsupportedOption when the file is not a trace; the message names the line
     */
    public static Trace read(Path file) {
        List<String> lines;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new UnsupportedOption("--replay=" + file + " is larger than " + (MOST_BYTES >> 20) + " MiB");
            }
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new UnsupportedOption("--replay=" + file + " cannot be read: " + e.getMessage());
        }
        if (lines.isEmpty() || !lines.getFirst().equals(TraceRecorder.TITLE)) {
            throw new UnsupportedOption(
                    "--replay=" + file + " is not a trace: its first line is not '" + TraceRecorder.TITLE + "'");
        }
        return read(file, lines);
    }

    private static Trace read(Path file, List<String> lines) {
        Map<String, String> heading = new LinkedHashMap<>();
        List<TracedMessage> messages = new ArrayList<>();
        Matcher last = null;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            Matcher field = FIELD.matcher(line);
            Matcher bytes = BYTES.matcher(line);
            Matcher message = MESSAGE.matcher(line);
            if (bytes.matches() && last != null && bytes.group(1).length() % 2 == 0) {
                messages.add(new TracedMessage(
                        last.group(1),
                        last.group(2).equals(">"),
                        HexFormat.of().parseHex(bytes.group(1)),
                        bytes.group(2) == null ? 0 : Integer.parseInt(bytes.group(2))));
                last = null;
            } else if (line.stripLeading().startsWith("= ")) {
                throw new UnsupportedOption(
                        "--replay=" + file + ", line " + (i + 1) + ": no bytes of a message in hexadecimal");
            } else if (message.matches()) {
                last = message;
            } else if (field.matches()) {
                heading.put(field.group(1), field.group(2));
            }
        }
        return new Trace(heading, messages);
    }

    /**
     * Returns a required value of the heading.
     *
     * @param name the name, such as {@code case}
     * @return the value
     * @throws UnsupportedOption when it is missing
     */
    public String required(String name) {
        String value = heading.get(name);
        if (value == null) {
            throw new UnsupportedOption("--replay: the trace has no line '" + name + ": …'");
        }
        return value;
    }

    /**
     * The result of a comparison with another run.
     *
     * @param same whether the other run had the same messages and the same outcome
     * @param text the differences, or a statement that there are none, in lines
     */
    public record Comparison(boolean same, String text) {}

    /**
     * Compares another run with this one.
     *
     * @param now the messages of the other run
     * @param outcome the outcome of the other run, in one word
     * @return the result
     */
    public Comparison compare(List<TracedMessage> now, String outcome) {
        String recorded = PrintableText.of(heading.getOrDefault("outcome", "no end"));
        Optional<String> difference = difference(now);
        String messages = difference.orElse(now.size() + " messages, all as recorded");
        String end = outcome.equals(recorded)
                ? "outcome: " + outcome + ", as recorded"
                : "outcome: " + outcome + ", but " + recorded + " was recorded";
        return new Comparison(difference.isEmpty() && outcome.equals(recorded), messages + "\n" + end + "\n");
    }

    /**
     * Returns a required number of the heading.
     *
     * @param name the name, such as {@code seed}
     * @return the number; with a {@code 0x} prefix it is an unsigned 64-bit number
     * @throws UnsupportedOption when it is missing or is not a number
     */
    public long requiredNumber(String name) {
        String value = required(name);
        try {
            return value.startsWith("0x") ? Long.parseUnsignedLong(value.substring(2), 16) : Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new UnsupportedOption(
                    "--replay: the line '" + name + ": " + PrintableText.of(value) + "' has no number");
        }
    }

    /**
     * Finds the first message in which another run differs.
     *
     * @param now the messages of the other run
     * @return the difference, in lines; nothing when all messages are the same
     */
    public Optional<String> difference(List<TracedMessage> now) {
        List<TracedMessage> before = served(messages);
        List<TracedMessage> after = served(now);
        for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
            TracedMessage one = i < before.size() ? before.get(i) : null;
            TracedMessage other = i < after.size() ? after.get(i) : null;
            if (one == null || other == null || !one.isSameAs(other)) {
                return Optional.of("message %d differs%n  recorded: %s%n  now:      %s"
                        .formatted(i + 1, one == null ? "nothing more" : one, other == null ? "nothing more" : other));
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the messages without rejected connections, which occur while a back-end has not detected the end of the
     * previous one.
     */
    private static List<TracedMessage> served(List<TracedMessage> all) {
        List<String> served = all.stream()
                .filter(each -> !each.sent() || !isFeatureQuestion(each))
                .map(TracedMessage::connection)
                .distinct()
                .toList();
        return all.stream()
                .filter(each -> served.contains(each.connection()))
                .map(each -> new TracedMessage(
                        number(served, each.connection()), each.sent(), each.bytes(), each.descriptors()))
                .toList();
    }

    private static String number(List<String> served, String connection) {
        return connection.endsWith(TracedMessage.CHANNEL)
                ? number(served, connection.substring(0, connection.length() - 1)) + TracedMessage.CHANNEL
                : Integer.toString(served.indexOf(connection) + 1);
    }

    private static boolean isFeatureQuestion(TracedMessage message) {
        return message.bytes().length == MessageHeader.BYTES && message.text().equals(Request.GET_FEATURES.name());
    }
}
