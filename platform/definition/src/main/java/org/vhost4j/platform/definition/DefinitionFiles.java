// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.vhost4j.sys.BoundedFile;
import org.vhost4j.sys.UnreadableFile;

/**
 * Finds definition files by the rules of QEMU's firmware descriptors. Files are named {@code NN-name.json}, and are processed in the order
 * of their names. Of two files with the same name, the one in the more specific directory is used; an empty file there disables the
 * definition.
 */
final class DefinitionFiles {
    private static final Pattern NAME = Pattern.compile("[0-9][0-9]-.+\\.json");

    /** The maximum size of one definition in bytes; the largest shipped one has 2 KiB. */
    private static final int MOST_BYTES = 256 << 10;

    /** The maximum total size of all definitions in bytes, because they stay in memory as long as the program runs. */
    private static final int MOST_BYTES_TOGETHER = 1 << 20;

    /** The maximum number of definitions in one directory. */
    private static final int MOST_FILES = 1000;

    private DefinitionFiles() {}

    /**
     * Returns the effective files.
     *
     * @param folder folder of the shipped definitions, such as {@code machines/}; every directory overrides them
     * @param directories directories, the least specific first; missing ones are skipped
     * @param problems receives a problem for each file or directory that cannot be read
     * @return the files in the order of their names
     */
    static List<DefinitionSource> find(String folder, List<Path> directories, Consumer<DefinitionProblem> problems) {
        Map<String, DefinitionSource> byName = new TreeMap<>();
        try (ShippedFiles shipped = ShippedFiles.open()) {
            for (String name : shipped.index(folder)) {
                byName.put(name, shipped.definition(folder, name));
            }
        }
        int characters = 0;
        for (Path directory : directories) {
            for (Path file : list(directory, problems)) {
                Optional<DefinitionSource> source = read(file, problems);
                if (source.isPresent()) {
                    characters += source.get().text().length();
                    if (characters > MOST_BYTES_TOGETHER) {
                        problems.accept(new DefinitionProblem(
                                file.toString(),
                                0,
                                "",
                                "is ignored with all following files: the definitions have more than "
                                        + MOST_BYTES_TOGETHER + " bytes together"));
                        break;
                    }
                    byName.put(source.get().baseName(), source.get());
                }
            }
        }
        return new ArrayList<>(byName.values().stream()
                .filter(source -> !source.text().isEmpty())
                .toList());
    }

    /**
     * Returns whether directories contain no definition files.
     *
     * @param directories directories, which need not exist
     * @return true when they neither override nor add a definition, and there is no problem
     */
    static boolean nothingIn(List<Path> directories) {
        List<DefinitionProblem> problems = new ArrayList<>();
        return directories.stream()
                        .allMatch(directory -> list(directory, problems::add).isEmpty())
                && problems.isEmpty();
    }

    /**
     * Reads one file.
     *
     * @param file path of the file
     * @param problems receives a problem when the file cannot be read
     * @return the file; empty when it cannot be read
     */
    static Optional<DefinitionSource> read(Path file, Consumer<DefinitionProblem> problems) {
        try {
            String name = String.valueOf(file.getFileName());
            return Optional.of(
                    new DefinitionSource(file.toString(), name, BoundedFile.readText(file, MOST_BYTES), false));
        } catch (UnreadableFile e) {
            problems.accept(new DefinitionProblem(file.toString(), 0, "", e.reason()));
        }
        return Optional.empty();
    }

    private static boolean isDefinition(Path file) {
        return NAME.matcher(String.valueOf(file.getFileName())).matches();
    }

    private static List<Path> list(Path directory, Consumer<DefinitionProblem> problems) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> all = files.filter(
                            file -> String.valueOf(file.getFileName()).endsWith(".json"))
                    .limit(MOST_FILES + 1)
                    .sorted()
                    .toList();
            if (all.size() > MOST_FILES) {
                problems.accept(new DefinitionProblem(
                        directory.toString(), 0, "", "has more than " + MOST_FILES + " definitions: none is read"));
                return List.of();
            }
            all.stream()
                    .filter(file -> !isDefinition(file))
                    .forEach(file -> problems.accept(new DefinitionProblem(
                            file.toString(),
                            0,
                            "",
                            "is ignored: definitions are named NN-name.json, with two digits first")));
            return all.stream().filter(DefinitionFiles::isDefinition).toList();
        } catch (IOException | UncheckedIOException e) {
            problems.accept(new DefinitionProblem(directory.toString(), 0, "", "cannot be listed: " + e.getMessage()));
            return List.of();
        }
    }
}
