// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.qmp.wire.MemoryBudget;
import org.vhost4j.qmp.wire.MessageLimits;
import org.vhost4j.qmp.wire.MessageReader;
import tools.jackson.databind.JsonNode;

/**
 * Parses the QAPI language: JSON objects with strings in single quotes, comments from {@code #} to the end of a line,
 * and documentation between lines of {@code ##}. The monitor's own reader accepts such JSON.
 */
final class SchemaText implements MessageReader.Sink {
    private static final String FENCE = "##";

    private final List<SchemaEntry> entries = new ArrayList<>();
    private final MessageReader reader =
            new MessageReader(MessageLimits.QEMU, new MemoryBudget(Long.MAX_VALUE / 2), this);
    private List<String> documentation = new ArrayList<>();
    private boolean documenting;
    private boolean inExpression;
    private int begin;
    private int number;

    private SchemaText() {}

    /**
     * Splits a file into its entries.
     *
     * @throws IllegalArgumentException when the file is invalid; the message has the line
     */
    static List<SchemaEntry> read(String text) {
        SchemaText schema = new SchemaText();
        text.lines().forEach(schema::line);
        if (schema.documenting || schema.inExpression) {
            throw new IllegalArgumentException("line " + schema.begin + ": it does not end");
        }
        schema.endOfText();
        schema.reader.close();
        return schema.entries;
    }

    private void line(String line) {
        number++;
        if (documenting) {
            documentationLine(line);
        } else if (!inExpression && line.equals(FENCE)) {
            endOfText();
            documenting = true;
            begin = number;
        } else {
            String code = withoutComment(line);
            if (!inExpression && !code.isBlank()) {
                inExpression = true;
                begin = documentation.isEmpty() ? number : begin;
            }
            byte[] bytes = (code + "\n").getBytes(StandardCharsets.UTF_8);
            reader.feed(bytes, 0, bytes.length);
        }
    }

    private void documentationLine(String line) {
        if (line.equals(FENCE)) {
            documenting = false;
        } else if (line.equals("#")) {
            documentation.add("");
        } else if (line.startsWith("# ")) {
            documentation.add(line.substring(2));
        } else {
            throw new IllegalArgumentException("line " + number + ": documentation has '# ' before each line");
        }
    }

    /** Ends documentation without a following definition, which is a section of text. */
    private void endOfText() {
        if (!documentation.isEmpty()) {
            entries.add(new SchemaEntry(begin, documentation, Optional.empty()));
            documentation = new ArrayList<>();
        }
    }

    private static String withoutComment(String line) {
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '\'') {
                quoted = !quoted;
            } else if (c == '#' && !quoted) {
                return line.substring(0, i);
            }
        }
        return line;
    }

    @Override
    public void message(JsonNode expression) {
        entries.add(new SchemaEntry(begin, documentation, Optional.of(expression)));
        documentation = new ArrayList<>();
        inExpression = false;
    }

    @Override
    public void broken(String description) {
        throw new IllegalArgumentException("line " + number + ": " + description);
    }
}
