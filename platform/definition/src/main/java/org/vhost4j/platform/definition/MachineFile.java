// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The machine types of one QEMU version as read from their file. QEMU applies the compatibility properties of that version and of every
 * newer version, the newest first. The member {@code newer} names the next version.
 */
final class MachineFile implements Linker.Child {
    private final DefinitionSource source;
    private final JsonNode root;

    /**
     * Reads a file.
     *
     * @param source the file
     * @param root content of the file
     */
    MachineFile(DefinitionSource source, JsonNode root) {
        this.source = source;
        this.root = root;
    }

    @Override
    public String name() {
        return root.path("version").asString();
    }

    @Override
    public List<String> aliases() {
        return List.of();
    }

    @Override
    public Optional<String> parent() {
        return text(root, "newer");
    }

    /**
     * Returns the file's base name, which decides between two definitions with the same name.
     *
     * @return the name without directories
     */
    String baseName() {
        return source.baseName();
    }

    @Override
    public DefinitionProblem parentProblem(String message) {
        return problem(root.get("newer"), "newer", message);
    }

    /**
     * Creates a problem for the version that the file defines.
     *
     * @param message description of the problem
     * @return the problem
     */
    DefinitionProblem nameProblem(String message) {
        return problem(root.get("version"), "version", message);
    }

    /**
     * Adds this version's assignments to those of the newer versions.
     *
     * @param newer the assignments of all newer versions
     * @param problems receives the problems found
     * @return the assignments of this version's machines; empty when there was a problem
     */
    Optional<Map<Property, Assignment>> assignments(
            Map<Property, Assignment> newer, Consumer<DefinitionProblem> problems) {
        Map<Property, Assignment> assignments = new LinkedHashMap<>(newer);
        List<DefinitionProblem> found = new ArrayList<>();
        AssignmentReader.read(
                root.path("properties"),
                Layer.MACHINE,
                name(),
                (property, assignment, node) -> assignments.put(property, assignment),
                (node, member, message) -> found.add(problem(node, member, message)));
        found.forEach(problems);
        return found.isEmpty() ? Optional.of(assignments) : Optional.empty();
    }

    /**
     * Returns the machines of this version.
     *
     * @param assignments result of {@link #assignments}
     * @return the machines
     */
    List<MachineDefinition> machines(Map<Property, Assignment> assignments) {
        List<MachineDefinition> machines = new ArrayList<>();
        for (JsonNode each : root.path("machines").values()) {
            String machine = each.path("name").asString();
            Map<Property, Assignment> own = new LinkedHashMap<>();
            assignments.forEach((property, assignment) ->
                    own.put(property, new Assignment(Layer.MACHINE, machine, assignment.value())));
            machines.add(new MachineDefinition(
                    machine,
                    each.path("title").asString(),
                    each.path("aliases").valueStream().map(JsonNode::asString).toList(),
                    each.path("default").asBoolean(false),
                    text(each, "deprecated"),
                    own,
                    QemuVersion.parse(name()).or(() -> parent().flatMap(QemuVersion::parse)),
                    source.file()));
        }
        return machines;
    }

    private static Optional<String> text(JsonNode object, String member) {
        JsonNode node = object.get(member);
        return node == null ? Optional.empty() : Optional.of(node.asString());
    }

    private DefinitionProblem problem(@Nullable JsonNode node, String member, String message) {
        int line = DefinitionReader.lineOf(node == null ? root : node);
        return new DefinitionProblem(source.file(), line, member, message);
    }
}
