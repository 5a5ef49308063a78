// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import tools.jackson.databind.JsonNode;

/**
 * All known machines and platforms. Invalid definitions are reported and ignored.
 *
 * <p>Usually there are no user-supplied definitions. Then a definition is read only when it is requested, and all of them only when a list
 * is requested.
 */
public final class PlatformCatalog {
    /** Folder of the shipped platforms. */
    static final String PLATFORMS = "platforms/";
    /** Folder of the shipped machines. */
    static final String MACHINES = "machines/";

    private static final String PLATFORM_SCHEMA = "schema/platform.schema.json";
    private static final String MACHINE_SCHEMA = "schema/machine.schema.json";

    private final @Nullable ShippedDefinitions single;
    private volatile @Nullable Whole whole;

    private PlatformCatalog(@Nullable ShippedDefinitions single, @Nullable Whole whole) {
        this.single = single;
        this.whole = whole;
    }

    /** All definitions. */
    private static final class Whole {
        final List<PlatformDefinition> platforms;
        final List<MachineDefinition> machines;
        final List<DefinitionProblem> problems = new ArrayList<>();
        final Map<String, PlatformDefinition> platformsByName = new HashMap<>();
        final Map<String, MachineDefinition> machinesByName = new HashMap<>();

        Whole(List<Path> platformDirectories, List<Path> machineDirectories) {
            platforms = loadPlatforms(platformDirectories, problems::add).stream()
                    .sorted(PlatformDefinition.NEWEST_FIRST)
                    .toList();
            machines = List.copyOf(loadMachines(machineDirectories, problems::add));
            // Aliases first, so that a definition's own name wins over another's alias.
            for (PlatformDefinition platform : platforms.reversed()) {
                platform.aliases().forEach(alias -> platformsByName.put(alias, platform));
            }
            platforms.forEach(platform -> platformsByName.put(platform.name(), platform));
            for (MachineDefinition machine : machines) {
                machine.aliases().forEach(alias -> machinesByName.put(alias, machine));
            }
            machines.forEach(machine -> machinesByName.put(machine.name(), machine));
        }
    }

    private Whole whole() {
        Whole known = whole;
        if (known == null) {
            synchronized (this) {
                known = whole;
                if (known == null) {
                    known = new Whole(List.of(), List.of());
                    whole = known;
                }
            }
        }
        return known;
    }

    /** Returns the reader of single definitions, as long as no list was requested. */
    private Optional<ShippedDefinitions> single() {
        return whole == null ? Optional.ofNullable(single) : Optional.empty();
    }

    /**
     * Returns the catalog of the shipped definitions.
     *
     * @return the catalog
     */
    public static PlatformCatalog shipped() {
        return load(List.of(), List.of());
    }

    /**
     * Returns the catalog of the shipped definitions and those in directories, which override the shipped ones.
     *
     * @param platformDirectories directories of platforms, the least specific first; those that do not exist are skipped
     * @param machineDirectories directories of machines, with the same rules
     * @return the catalog; {@link #problems()} returns the definitions that were ignored
     */
    public static PlatformCatalog load(List<Path> platformDirectories, List<Path> machineDirectories) {
        return DefinitionFiles.nothingIn(platformDirectories) && DefinitionFiles.nothingIn(machineDirectories)
                ? new PlatformCatalog(new ShippedDefinitions(), null)
                : new PlatformCatalog(null, new Whole(platformDirectories, machineDirectories));
    }

    /**
     * Checks a platform's file as if it were in the most specific directory.
     *
     * @param file the file
     * @param platformDirectories directories of the platforms on which it may be based
     * @return the problems found; empty when the file is valid
     */
    public static List<DefinitionProblem> validate(Path file, List<Path> platformDirectories) {
        return validate(
                file, DefinitionFiles.find(PLATFORMS, platformDirectories, _ -> {}), PlatformCatalog::buildPlatforms);
    }

    /**
     * Checks a file of machines as if it were in the most specific directory.
     *
     * @param file the file
     * @param machineDirectories directories of the machines on which it may be based
     * @return the problems found; empty when the file is valid
     */
    public static List<DefinitionProblem> validateMachines(Path file, List<Path> machineDirectories) {
        return validate(
                file, DefinitionFiles.find(MACHINES, machineDirectories, _ -> {}), PlatformCatalog::buildMachines);
    }

    private static List<DefinitionProblem> validate(
            Path file,
            List<DefinitionSource> sources,
            BiConsumer<List<DefinitionSource>, Consumer<DefinitionProblem>> builder) {
        List<DefinitionProblem> problems = new ArrayList<>();
        Optional<DefinitionSource> own = DefinitionFiles.read(file, problems::add);
        if (own.filter(source -> source.text().isEmpty()).isPresent()) {
            problems.add(new DefinitionProblem(
                    file.toString(), 0, "", "is empty, which hides less specific files of this name"));
        } else if (own.isPresent()) {
            sources.removeIf(source -> source.baseName().equals(own.get().baseName()));
            sources.add(own.get());
            builder.accept(sources, problems::add);
        }
        return problems.stream()
                .filter(problem -> problem.file().equals(file.toString()))
                .toList();
    }

    /**
     * Returns the JSON Schema of a platform's file.
     *
     * @return its text
     */
    public static String platformSchema() {
        return ShippedFiles.read(PLATFORM_SCHEMA);
    }

    /**
     * Returns the JSON Schema of a file of machines.
     *
     * @return its text
     */
    public static String machineSchema() {
        return ShippedFiles.read(MACHINE_SCHEMA);
    }

    private static List<PlatformDefinition> loadPlatforms(
            List<Path> directories, Consumer<DefinitionProblem> problems) {
        return buildPlatforms(DefinitionFiles.find(PLATFORMS, directories, problems), problems);
    }

    private static List<PlatformDefinition> buildPlatforms(
            List<DefinitionSource> sources, Consumer<DefinitionProblem> problems) {
        Map<String, PlatformFile> files = new LinkedHashMap<>();
        DefinitionReader reader = new DefinitionReader(PLATFORM_SCHEMA);
        for (DefinitionSource source : sources) {
            Optional<JsonNode> root = reader.read(source, problems);
            if (root.isPresent()) {
                PlatformFile file = new PlatformFile(source, root.get());
                PlatformFile first = files.putIfAbsent(file.name(), file);
                if (first != null) {
                    problems.accept(file.nameProblem(
                            "'" + file.name() + "' is already defined by " + first.baseName() + ", which comes first"));
                }
            }
        }
        return linkPlatforms(PlatformAliases.unique(List.copyOf(files.values()), problems), problems);
    }

    /**
     * Builds definitions from files.
     *
     * @param files files with unique names
     * @param problems receives the problems found
     * @return the definitions without problems
     */
    static List<PlatformDefinition> linkPlatforms(List<PlatformFile> files, Consumer<DefinitionProblem> problems) {
        Map<String, PlatformDefinition> built = new LinkedHashMap<>();
        Linker<PlatformFile> linker = new Linker<>(files);
        for (PlatformFile file : linker.parentsFirst(problems)) {
            PlatformDefinition parent = parentOf(file, linker, built, problems);
            if (file.parent().isEmpty() || parent != null) {
                file.build(parent, problems).ifPresent(platform -> built.put(platform.name(), platform));
            }
        }
        return List.copyOf(built.values());
    }

    private static List<MachineDefinition> loadMachines(List<Path> directories, Consumer<DefinitionProblem> problems) {
        return buildMachines(DefinitionFiles.find(MACHINES, directories, problems), problems);
    }

    private static List<MachineDefinition> buildMachines(
            List<DefinitionSource> sources, Consumer<DefinitionProblem> problems) {
        Map<String, MachineFile> files = new LinkedHashMap<>();
        DefinitionReader reader = new DefinitionReader(MACHINE_SCHEMA);
        for (DefinitionSource source : sources) {
            Optional<JsonNode> root = reader.read(source, problems);
            if (root.isPresent()) {
                MachineFile file = new MachineFile(source, root.get());
                MachineFile first = files.putIfAbsent(file.name(), file);
                if (first != null) {
                    problems.accept(file.nameProblem(
                            "'" + file.name() + "' is already defined by " + first.baseName() + ", which comes first"));
                }
            }
        }
        return linkMachines(List.copyOf(files.values()), problems);
    }

    /**
     * Builds definitions from files.
     *
     * @param files files with unique versions
     * @param problems receives the problems found
     * @return the machines of the files without problems
     */
    static List<MachineDefinition> linkMachines(List<MachineFile> files, Consumer<DefinitionProblem> problems) {
        Map<String, Map<Property, Assignment>> built = new LinkedHashMap<>();
        List<MachineDefinition> machines = new ArrayList<>();
        Linker<MachineFile> linker = new Linker<>(files);
        for (MachineFile file : linker.parentsFirst(problems)) {
            Map<Property, Assignment> newer = parentOf(file, linker, built, problems);
            if (file.parent().isEmpty() || newer != null) {
                file.assignments(newer == null ? Map.of() : newer, problems).ifPresent(assignments -> {
                    built.put(file.name(), assignments);
                    machines.addAll(file.machines(assignments));
                });
            }
        }
        return machines;
    }

    private static <F extends Linker.Child, T> @Nullable T parentOf(
            F child, Linker<F> linker, Map<String, T> built, Consumer<DefinitionProblem> problems) {
        Optional<String> name = child.parent();
        if (name.isEmpty()) {
            return null;
        }
        Optional<F> parent = linker.parentOf(child);
        T definition = parent.isEmpty() ? null : built.get(parent.get().name());
        if (definition == null) {
            problems.accept(child.parentProblem(
                    parent.isPresent()
                            ? "it is based on '" + name.get() + "', which was refused"
                            : "there is no definition '" + name.get() + "' to build on"));
        }
        return definition;
    }

    /**
     * Returns the platform with a name.
     *
     * @param name name or alias of the platform
     * @return the platform; empty when it does not exist
     */
    public Optional<PlatformDefinition> platform(String name) {
        return single().flatMap(definitions -> definitions.platform(name))
                .or(() -> Optional.ofNullable(whole().platformsByName.get(name)));
    }

    /**
     * Returns the machine with a name.
     *
     * @param name name or alias of the machine
     * @return the machine; empty when it does not exist
     */
    public Optional<MachineDefinition> machine(String name) {
        return single().flatMap(definitions -> definitions.machine(name))
                .or(() -> Optional.ofNullable(whole().machinesByName.get(name)));
    }

    /**
     * Returns the message for an unknown machine.
     *
     * @param name the unknown name
     * @return one sentence, with the most similar known name
     */
    public String noSuchMachine(String name) {
        return "There is no machine '" + name + "'"
                + Names.didYouMean(name, whole().machinesByName.keySet()) + " See -machine help.";
    }

    /**
     * Returns the message for an unknown platform.
     *
     * @param name the unknown name
     * @return one sentence, with the most similar known name
     */
    public String noSuchPlatform(String name) {
        return "There is no platform '" + name + "'"
                + Names.didYouMean(name, whole().platformsByName.keySet()) + " See -platform help.";
    }

    /**
     * Returns the default machine.
     *
     * @return the machine that is defined as default, otherwise the first of all
     */
    public MachineDefinition defaultMachine() {
        return single().flatMap(ShippedDefinitions::defaultMachine)
                .orElseGet(() -> machines().stream()
                        .filter(MachineDefinition::isDefault)
                        .findFirst()
                        .orElseGet(() -> machines().getFirst()));
    }

    /**
     * Returns the default platform: the newest mainline platform that a host supports without emulation in software. If the host supports
     * another platform that promises all of these features and more, that one is returned.
     *
     * @param host the host
     * @param uses the kernel interfaces that guests use, such as TAP
     * @return the platform; empty when the host supports none
     */
    public Optional<PlatformDefinition> newestSupported(HostCapabilities host, Set<HostUse> uses) {
        return PlatformChoice.among(
                uses,
                newestFirst()
                        .filter(platform -> platform.deprecated().isEmpty())
                        .filter(platform -> platform.lackedBy(host, uses).isEmpty())
                        .iterator(),
                PlatformChoice::promisedBy,
                EnumSet.allOf(Feature.class));
    }

    /**
     * Returns every platform as a stream that reads each one when it is needed, for callers that choose the first suitable one.
     *
     * @return the platforms in the order of {@link #platforms}
     */
    Stream<PlatformDefinition> newestFirst() {
        return single().map(ShippedDefinitions::newestFirst).orElseGet(() -> platforms().stream());
    }

    /**
     * Returns every platform.
     *
     * @return the platforms: the mainline before the others, the newest first in each group
     */
    public List<PlatformDefinition> platforms() {
        return whole().platforms;
    }

    /**
     * Returns every machine.
     *
     * @return the machines, the newest first
     */
    public List<MachineDefinition> machines() {
        return whole().machines;
    }

    /**
     * Returns the problems of the definitions that were ignored.
     *
     * @return at least one problem for each; empty when all are valid
     */
    public List<DefinitionProblem> problems() {
        // The build has validated the shipped definitions.
        return single().isPresent() ? List.of() : List.copyOf(whole().problems);
    }
}
