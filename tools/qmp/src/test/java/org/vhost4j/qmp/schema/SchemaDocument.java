// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * Converts a schema to Markdown, and requires documentation of every member, argument and value, and of nothing else.
 */
final class SchemaDocument {
    private static final Pattern NAMED = Pattern.compile("@([A-Za-z0-9_-]+): ?(.*)");
    private static final Pattern END_OF_SENTENCE = Pattern.compile("\\.(?: |$)");

    /** The version of all definitions that do not show one. */
    private static final String FIRST = "0.1";

    private final Schema schema;
    private final StringBuilder text = new StringBuilder();

    private SchemaDocument(Schema schema) {
        this.schema = schema;
    }

    static String of(Schema schema) {
        SchemaDocument document = new SchemaDocument(schema);
        schema.entries().forEach(document::entry);
        return document.text.toString().stripTrailing() + "\n";
    }

    private void entry(SchemaEntry entry) {
        if (entry.expression().isEmpty()) {
            section(entry.documentation());
        } else {
            definition(entry, entry.expression().get());
        }
    }

    private void section(List<String> lines) {
        for (String line : lines) {
            // A document begins with its only title of the first order.
            text.append(line.startsWith("= ") ? (text.isEmpty() ? "# " : "## ") + line.substring(2) : inline(line))
                    .append('\n');
        }
        text.append('\n');
    }

    private static String inline(String line) {
        return line.replace("``", "`").replaceAll("@([A-Za-z0-9_-]+)", "`$1`");
    }

    /** The parsed comment of one definition. */
    private static final class Comment {
        private final List<String> body = new ArrayList<>();
        private final Map<String, String> members = new LinkedHashMap<>();
        private final Map<String, String> features = new LinkedHashMap<>();
        private final List<String> errors = new ArrayList<>();
        private final List<String> example = new ArrayList<>();
        private String returns = "";
        private String since = "";
    }

    private static Comment comment(SchemaEntry entry, String name) {
        List<String> lines = entry.documentation();
        if (lines.isEmpty() || !lines.getFirst().equals("@" + name + ":")) {
            throw new IllegalArgumentException("'" + name + "' is not documented");
        }
        Comment comment = new Comment();
        String part = "body";
        String member = "";
        for (String line : lines.subList(1, lines.size())) {
            Matcher named = NAMED.matcher(line);
            if (line.equals("Features:")) {
                part = "features";
            } else if (line.startsWith("Returns: ")) {
                part = "returns";
                comment.returns = line.substring(9);
            } else if (line.equals("Errors:")) {
                part = "errors";
            } else if (line.startsWith("Since: ")) {
                part = "since";
                comment.since = line.substring(7);
            } else if (line.equals(".. qmp-example::")) {
                part = "example";
            } else if (named.matches()) {
                part = part.equals("features") ? part : "members";
                member = named.group(1);
                (part.equals("features") ? comment.features : comment.members).put(member, named.group(2));
            } else {
                String more = line.isBlank() ? "" : " " + line.strip();
                switch (part) {
                    case "body" -> comment.body.add(line);
                    case "members" -> comment.members.merge(member, more, String::concat);
                    case "features" -> comment.features.computeIfPresent(member, (key, text) -> text + more);
                    case "returns" -> comment.returns += more;
                    case "errors" -> comment.errors.add(line.strip());
                    case "example" -> comment.example.add(line.replaceFirst("^ {4}", ""));
                    default -> {}
                }
            }
        }
        if (comment.since.isEmpty()) {
            throw new IllegalArgumentException("'" + name + "' does not say since when it is there");
        }
        return comment;
    }

    private void definition(SchemaEntry entry, JsonNode expression) {
        String kind = SchemaBuilder.kind(expression);
        String name = expression.get(kind).asString();
        Comment comment = comment(entry, name);
        text.append("### ").append(name).append(" (").append(kind).append(")\n\n");
        String body = String.join("\n", comment.body).strip();
        if (!body.isEmpty()) {
            text.append(inline(body)).append("\n\n");
        }
        switch (kind) {
            case "enum" -> values(name, comment, ((SchemaType.Enumeration) schema.type(name)).values());
            case "command" ->
                members(name, "argument", comment, schema.command(name).arguments());
            case "event" -> members(name, "member", comment, schema.event(name).data());
            default -> members(name, "member", comment, (SchemaType.Struct) schema.type(name));
        }
        if (kind.equals("command") && expression.has("returns")) {
            returns(comment.returns.strip(), type(schema.command(name).returns()));
        }
        List<String> errors =
                comment.errors.stream().filter(line -> !line.isEmpty()).toList();
        if (!errors.isEmpty()) {
            text.append("Errors:\n\n").append(inline(String.join("\n", errors))).append("\n\n");
        }
        comment.features.forEach((feature, meaning) -> text.append("*")
                .append(feature)
                .append("*: ")
                .append(inline(meaning.strip()))
                .append("\n\n"));
        if (!comment.since.equals(FIRST)) {
            text.append("Since ").append(comment.since).append("\n\n");
        }
        String example = String.join("\n", comment.example).strip();
        if (!example.isEmpty()) {
            text.append("```\n").append(example).append("\n```\n\n");
        }
    }

    /** The type follows the first sentence. */
    private void returns(String description, String type) {
        String[] sentences = END_OF_SENTENCE.split(description, 2);
        text.append("Returns ")
                .append(inline(sentences[0]))
                .append(": ")
                .append(type)
                .append(sentences.length == 1 || sentences[1].isEmpty() ? "" : ". " + inline(sentences[1]))
                .append("\n\n");
    }

    private void values(String name, Comment comment, List<String> values) {
        requireDocumented(name, comment, values);
        text.append("| value | meaning |\n|---|---|\n");
        values.forEach(value -> row("`" + value + "`", comment.members.getOrDefault(value, "")));
        text.append('\n');
    }

    private void members(String name, String what, Comment comment, SchemaType.Struct type) {
        requireDocumented(
                name, comment, type.members().stream().map(Member::name).toList());
        if (!type.members().isEmpty()) {
            text.append("| ").append(what).append(" | type | meaning |\n|---|---|---|\n");
        }
        for (Member member : type.members()) {
            String marks = (member.optional() ? ", optional" : "")
                    + member.features().stream()
                            .map(feature -> ", *" + feature + "*")
                            .collect(Collectors.joining());
            row(
                    "`" + member.name() + "`",
                    type(member.type()) + marks,
                    comment.members.getOrDefault(member.name(), ""));
        }
        if (!type.members().isEmpty()) {
            text.append('\n');
        }
        type.tag().ifPresent(tag -> {
            text.append("Further members by `").append(tag).append("`: ");
            text.append(type.variants().entrySet().stream()
                    .map(variant -> "`" + variant.getKey() + "` " + type(variant.getValue()))
                    .collect(Collectors.joining(", ")));
            text.append("\n\n");
        });
    }

    private static void requireDocumented(String name, Comment comment, List<String> members) {
        if (!new TreeSet<>(members).equals(new TreeSet<>(comment.members.keySet()))) {
            throw new IllegalArgumentException(
                    "'" + name + "' has " + members + ", and documented are " + comment.members.keySet());
        }
    }

    private void row(String... cells) {
        for (String cell : cells) {
            text.append("| ").append(inline(cell.strip()).replace("|", "\\|")).append(' ');
        }
        text.append("|\n");
    }

    private static String type(SchemaType type) {
        return switch (type) {
            case SchemaType.Builtin builtin -> builtin.title();
            case SchemaType.Array array -> "list of " + type(array.element());
            default ->
                "[" + type.title() + "](#" + type.title().toLowerCase(Locale.ROOT) + "-"
                        + (type instanceof SchemaType.Enumeration
                                ? "enum"
                                : ((SchemaType.Struct) type).tag().isPresent() ? "union" : "struct")
                        + ")";
        };
    }
}
