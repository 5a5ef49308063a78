// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.probe.HostCapability;
import tools.jackson.databind.JsonNode;

/**
 * A platform's definition as read from its file, without the parts of its parent. The file was validated against its schema; this class
 * checks the rules that a schema cannot express.
 */
final class PlatformFile implements Linker.Child {
    private static final Set<String> RESERVED = Set.of("host", "help", "auto");

    private final DefinitionSource source;
    private final JsonNode root;
    private final Set<String> notAliases;

    /**
     * Reads a file.
     *
     * @param source the file
     * @param root content of the file
     */
    PlatformFile(DefinitionSource source, JsonNode root) {
        this(source, root, Set.of());
    }

    private PlatformFile(DefinitionSource source, JsonNode root, Set<String> notAliases) {
        this.source = source;
        this.root = root;
        this.notAliases = notAliases;
    }

    /**
     * Returns the same definition without some of its aliases.
     *
     * @param names the aliases to remove
     * @return the definition
     */
    PlatformFile withoutAliases(Set<String> names) {
        return new PlatformFile(source, root, names);
    }

    @Override
    public String name() {
        return root.path("name").asString();
    }

    @Override
    public Optional<String> parent() {
        return text("parent");
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
    public List<String> aliases() {
        return root.path("aliases")
                .valueStream()
                .map(JsonNode::asString)
                .filter(alias -> !notAliases.contains(alias))
                .toList();
    }

    @Override
    public DefinitionProblem parentProblem(String message) {
        return problem(root.get("parent"), "parent", message);
    }

    /**
     * Creates a problem for the definition's name or one of its aliases.
     *
     * @param message description of the problem
     * @return the problem
     */
    DefinitionProblem nameProblem(String message) {
        return problem(root.get("name"), "name", message);
    }

    /**
     * Creates a problem for one of the definition's aliases.
     *
     * @param alias the alias
     * @param message description of the problem
     * @return the problem
     */
    DefinitionProblem aliasProblem(String alias, String message) {
        JsonNode node = root.path("aliases")
                .valueStream()
                .filter(each -> each.asString().equals(alias))
                .findFirst()
                .orElse(root);
        return problem(node, "aliases", message);
    }

    /**
     * Returns whether a name has another meaning on the command line.
     *
     * @param name a name or an alias
     * @return true for {@code host}, {@code help} and {@code auto}
     */
    static boolean isReserved(String name) {
        return RESERVED.contains(name);
    }

    /**
     * Builds the complete definition.
     *
     * @param parent the definition on which it is based, if any
     * @param problems receives the problems found
     * @return the definition; empty when there was a problem
     */
    Optional<PlatformDefinition> build(@Nullable PlatformDefinition parent, Consumer<DefinitionProblem> problems) {
        List<DefinitionProblem> found = new ArrayList<>();
        Set<HostCapability> requires = EnumSet.noneOf(HostCapability.class);
        Map<Property, Assignment> assignments = new LinkedHashMap<>();
        if (parent != null) {
            requires.addAll(parent.requires());
            assignments.putAll(parent.assignments());
        }
        if (isReserved(name())) {
            found.add(nameProblem("'" + name() + "' has a meaning of its own on the command line"));
        }
        List<Evidence> evidence = evidence();
        for (JsonNode each : root.path("requires").values()) {
            String id = each.asString();
            Optional<HostCapability> capability = HostCapability.ofId(id);
            if (capability.isEmpty()) {
                found.add(problem(each, "requires", "there is no host capability '" + id + "'"));
            } else {
                requires.add(capability.get());
                needEvidence(evidence, id, each, "requires", found);
            }
        }
        AssignmentReader.read(
                root.path("properties"),
                Layer.PLATFORM,
                name(),
                (property, assignment, node) -> {
                    assignments.put(property, assignment);
                    String member = "properties." + property.qualifiedName();
                    needEvidence(evidence, property.qualifiedName(), node, member, found);
                },
                (node, member, message) -> found.add(problem(node, member, message)));
        LocalDate released = date(found);
        if (found.isEmpty()) {
            checkPromise(requires, assignments, found);
        }
        found.forEach(problems);
        return found.isEmpty()
                ? Optional.of(new PlatformDefinition(
                        name(),
                        root.path("title").asString(),
                        root.path("line").asString(),
                        released,
                        parent(),
                        aliases(),
                        text("deprecated"),
                        evidence,
                        requires,
                        assignments,
                        source.file()))
                : Optional.empty();
    }

    /**
     * Checks that the platform assigns all host-dependent properties, requires the capabilities that its features need,
     * and does not contradict itself.
     */
    private void checkPromise(
            Set<HostCapability> requires, Map<Property, Assignment> assignments, List<DefinitionProblem> found) {
        for (HostCapability capability : HostCapability.values()) {
            for (Feature feature : capability.features()) {
                Property property = Property.of(feature).orElseThrow();
                Assignment assignment = assignments.get(property);
                String member = "properties." + property.qualifiedName();
                if (!capability.essential()) {
                    continue;
                }
                if (assignment == null
                        && property.qemuDefault().filter(Property::isOn).isEmpty()) {
                    // QEMU leaves it off on every host.
                    continue;
                }
                if (assignment == null) {
                    found.add(problem(
                            root.get("properties"),
                            member,
                            "is missing: what depends on the host must be stated here or by a parent"));
                } else if (Property.isOn(assignment.value()) && !requires.contains(capability)) {
                    found.add(problem(
                            root.path("properties").get(property.qualifiedName()),
                            member,
                            "is on, which needs '" + capability.id() + "' among 'requires'"));
                }
            }
        }
        assignments.forEach((property, assignment) -> property.capability()
                .filter(capability -> Property.isOn(assignment.value()) && !requires.contains(capability))
                .ifPresent(capability -> found.add(problem(
                        root.path("properties").get(property.qualifiedName()),
                        "properties." + property.qualifiedName(),
                        "is " + assignment.value() + ", which needs '" + capability.id() + "' among 'requires'"))));
        if (!found.isEmpty()) {
            return;
        }
        Set<Feature> on = EnumSet.noneOf(Feature.class);
        for (Property property : Property.all()) {
            Assignment assignment = assignments.get(property);
            Optional<String> value = assignment == null ? property.qemuDefault() : Optional.of(assignment.value());
            if (property.feature().isPresent() && value.filter(Property::isOn).isPresent()) {
                on.add(property.feature().get());
            }
        }
        on.add(Feature.VERSION_1);
        for (String violation : FeatureSet.of(on).violations()) {
            found.add(problem(root.get("properties"), "properties", violation));
        }
    }

    private LocalDate date(List<DefinitionProblem> found) {
        try {
            return LocalDate.parse(root.path("released").asString());
        } catch (DateTimeParseException e) {
            found.add(problem(root.get("released"), "released", "is not a date such as 2022-12-11"));
            return LocalDate.EPOCH;
        }
    }

    private List<Evidence> evidence() {
        return root.path("evidence")
                .valueStream()
                .map(each -> new Evidence(
                        each.path("of").valueStream().map(JsonNode::asString).toList(),
                        each.path("source").asString()))
                .toList();
    }

    private void needEvidence(
            List<Evidence> evidence, String what, JsonNode node, String member, List<DefinitionProblem> found) {
        if (evidence.stream().noneMatch(each -> each.covers(what))) {
            found.add(problem(node, member, "no evidence is given for '" + what + "'"));
        }
    }

    private Optional<String> text(String member) {
        JsonNode node = root.get(member);
        return node == null ? Optional.empty() : Optional.of(node.asString());
    }

    private DefinitionProblem problem(@Nullable JsonNode node, String member, String message) {
        int line = DefinitionReader.lineOf(node == null ? root : node);
        return new DefinitionProblem(source.file(), line, member, message);
    }
}
