// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;
import com.networknt.schema.serialization.NodeReader;
import com.networknt.schema.serialization.node.TokenStreamLocationAware;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.probe.LimitedJson;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads JSON files and validates them against a JSON Schema. Every problem contains its line and member.
 *
 * <p>Shipped files are not validated again: the build has validated them, and loading the schema's classes takes most of a second.
 */
final class DefinitionReader {
    /** The validator, created for the first definition that is not shipped. */
    private static final class Strict {
        static final JsonMapper MAPPER = LimitedJson.reader(MOST_TOKENS);
    }

    /** The maximum number of tokens of a definition; the largest shipped one has 300. */
    private static final long MOST_TOKENS = 10_000;

    /** Maximum number of problems that are reported for one file. */
    private static final int MOST_PROBLEMS = 20;

    private final String schemaResource;
    private @Nullable Schema schema;

    /**
     * Creates a reader for one kind of file.
     *
     * @param schemaResource the schema's name within the resources of this package
     */
    DefinitionReader(String schemaResource) {
        this.schemaResource = schemaResource;
    }

    /**
     * Reads a file.
     *
     * @param source the file
     * @param problems receives the problems found
     * @return its content; empty when there was a problem
     */
    Optional<JsonNode> read(DefinitionSource source, Consumer<DefinitionProblem> problems) {
        if (source.shipped()) {
            return Optional.of(PlainJson.read(source.text()));
        }
        try {
            Strict.MAPPER.readTree(source.text());
        } catch (JacksonException broken) {
            TokenStreamLocation where = broken.getLocation();
            problems.accept(new DefinitionProblem(
                    source.file(), where == null ? 0 : where.getLineNr(), "", LimitedJson.reason(broken)));
            return Optional.empty();
        }
        return validate(source, problems);
    }

    /**
     * Parses a JSON file and validates it against the schema, even if it is shipped.
     *
     * @param source the file
     * @param problems receives the problems found
     * @return its content, with the line of every node; empty when there was a problem
     */
    Optional<JsonNode> validate(DefinitionSource source, Consumer<DefinitionProblem> problems) {
        JsonNode root = NodeReader.builder().locationAware().build().readTree(source.text(), InputFormat.JSON);
        List<DefinitionProblem> controls = ControlCharacters.in(source, root);
        if (!controls.isEmpty()) {
            controls.stream().limit(MOST_PROBLEMS).forEach(problems);
            return Optional.empty();
        }
        List<Error> errors = new ArrayList<>(schema().validate(root));
        for (Error error : errors.subList(0, Math.min(errors.size(), MOST_PROBLEMS))) {
            JsonNode node = error.getInstanceNode();
            problems.accept(new DefinitionProblem(
                    source.file(), lineOf(node == null ? root : node), member(error), clause(error)));
        }
        if (errors.size() > MOST_PROBLEMS) {
            problems.accept(new DefinitionProblem(
                    source.file(), 0, "", "has " + (errors.size() - MOST_PROBLEMS) + " more problems"));
        }
        return errors.isEmpty() ? Optional.of(root) : Optional.empty();
    }

    private Schema schema() {
        if (schema == null) {
            SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
            schema = registry.getSchema(ShippedFiles.read(schemaResource), InputFormat.JSON);
        }
        return schema;
    }

    /**
     * Returns the line of a node that {@link #read} returned.
     *
     * @param node the node
     * @return the line, counted from 1; 0 when it is not known, as for the program's own files
     */
    static int lineOf(@Nullable JsonNode node) {
        TokenStreamLocation where =
                node instanceof TokenStreamLocationAware located ? located.tokenStreamLocation() : null;
        return where == null ? 0 : where.getLineNr();
    }

    private static String member(Error error) {
        NodePath path = error.getInstanceLocation();
        StringBuilder member = new StringBuilder();
        for (int i = 0; i < path.getNameCount(); i++) {
            Object element = path.getElement(i);
            if (element instanceof Integer index) {
                member.append('[').append(index.intValue()).append(']');
            } else {
                member.append(member.isEmpty() ? "" : ".").append(element);
            }
        }
        String property = error.getProperty();
        if (property != null) {
            member.append(member.isEmpty() ? "" : ".").append(property);
        }
        return member.toString();
    }

    private static String clause(Error error) {
        return switch (String.valueOf(error.getKeyword())) {
            case "required" -> "is missing";
            case "additionalProperties" -> "is not known here";
            case "pattern" ->
                String.valueOf(error.getSchemaLocation()).contains("/$defs/name")
                        ? "is not a name: 1 to 46 letters, digits, '.', '_' and '-', a letter or digit first and last, so"
                                + " that schedulers accept it as a label"
                        : String.valueOf(error.getMessage());
            default -> String.valueOf(error.getMessage());
        };
    }
}
