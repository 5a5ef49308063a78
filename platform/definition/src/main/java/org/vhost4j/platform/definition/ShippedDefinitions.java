// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Reads single shipped definitions: a file is read when its definition is requested, together with the files on which it is based. The file
 * names determine the contents: {@code 50-NAME.json} a platform, {@code 50-qemu-MAJOR.MINOR.json} the machines of a version,
 * {@code 50-VERSION.json} and {@code 50-VERSION-KIND.json} those of a distribution's version. Aliases are known only after all files were
 * read.
 */
final class ShippedDefinitions {
    private static final String PREFIX = "50-";
    private static final String QEMU = "50-qemu-";
    private static final String SUFFIX = ".json";
    private static final Pattern OF_PC = Pattern.compile("pc-(q35|i440fx)-([^-]+).*");

    private final Map<String, PlatformDefinition> platforms = new HashMap<>();

    /**
     * Returns the platform with a name.
     *
     * @param name name of the platform
     * @return the platform; empty when no file has its name
     */
    synchronized Optional<PlatformDefinition> platform(String name) {
        PlatformDefinition known = platforms.get(name);
        if (known == null) {
            List<PlatformFile> files = ancestry(
                    PlatformCatalog.PLATFORMS,
                    PREFIX + name + SUFFIX,
                    PlatformFile::new,
                    parent -> PREFIX + parent + SUFFIX);
            for (PlatformDefinition platform : PlatformCatalog.linkPlatforms(files, ShippedDefinitions::unsound)) {
                platforms.put(platform.name(), platform);
            }
            known = platforms.get(name);
        }
        return Optional.ofNullable(known);
    }

    /**
     * Returns every platform as a stream that reads each one when it is needed.
     *
     * @return the platforms in the order of the index
     */
    Stream<PlatformDefinition> newestFirst() {
        return ShippedFiles.read(PlatformCatalog.PLATFORMS + "index.txt")
                .lines()
                .map(file -> platform(file.substring(PREFIX.length(), file.length() - SUFFIX.length()))
                        .orElseThrow());
    }

    /**
     * Returns the machine with a name.
     *
     * @param name name of the machine, such as {@code pc-q35-9.1}
     * @return the machine; empty when there is no file for its version, or the file does not contain the machine
     */
    synchronized Optional<MachineDefinition> machine(String name) {
        Matcher ofPc = OF_PC.matcher(name);
        if (!ofPc.matches()) {
            return machine(name, name.substring(name.lastIndexOf('-') + 1));
        }
        // A distribution's machines of one version may be based on different QEMU versions.
        return machine(name, ofPc.group(2)).or(() -> machine(name, ofPc.group(2) + "-" + ofPc.group(1)));
    }

    private static Optional<MachineDefinition> machine(String name, String version) {
        return machines(file(version))
                .filter(machine -> machine.name().equals(name))
                .findFirst();
    }

    /**
     * Returns the default machine.
     *
     * @return the machine that is defined as default in the newest version, if any
     */
    synchronized Optional<MachineDefinition> defaultMachine() {
        String newest = ShippedFiles.read(PlatformCatalog.MACHINES + "index.txt")
                .lines()
                .findFirst()
                .orElseThrow();
        return machines(newest).filter(MachineDefinition::isDefault).findFirst();
    }

    private static Stream<MachineDefinition> machines(String file) {
        List<MachineFile> files = ancestry(PlatformCatalog.MACHINES, file, MachineFile::new, ShippedDefinitions::file);
        return PlatformCatalog.linkMachines(files, ShippedDefinitions::unsound).stream();
    }

    /** Returns the file name for a version of QEMU (without the third number) or of a distribution. The file need not exist. */
    private static String file(String version) {
        if (!version.isEmpty() && !Character.isDigit(version.charAt(0))) {
            return PREFIX + version + SUFFIX;
        }
        List<String> numbers = List.of(version.split("\\.", -1));
        return numbers.size() < 2 ? "" : QEMU + twoDigits(numbers.get(0)) + "." + twoDigits(numbers.get(1)) + SUFFIX;
    }

    private static String twoDigits(String number) {
        return number.length() == 1 ? "0" + number : number;
    }

    private static <F extends Linker.Child> List<F> ancestry(
            String folder,
            String first,
            BiFunction<DefinitionSource, JsonNode, F> reader,
            Function<String, String> fileOf) {
        List<F> files = new ArrayList<>();
        try (ShippedFiles shipped = ShippedFiles.open()) {
            List<String> index = shipped.index(folder);
            for (String file = first; index.contains(file); ) {
                DefinitionSource source = shipped.definition(folder, file);
                F child = reader.apply(source, PlainJson.read(source.text()));
                files.add(child);
                file = child.parent().map(fileOf).orElse("");
            }
        }
        return files;
    }

    private static void unsound(DefinitionProblem problem) {
        throw new IllegalStateException(problem.toString());
    }
}
