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
 * Finds definition files by QEMU's rules for descriptors: files are named {@code NN-name.json}; of two files with one name the
 * one in the more specific directory counts, and an empty one hides it altogether; files are taken in the order of their names.
 */
final class DefinitionFiles {
    private static final Pattern NAME = Pattern.compile("[0-9][0-9]-.+\\.json");

    /** The most bytes of one definition; the largest of the program's own has 2 KiB. */
    private static final int MOST_BYTES = 256 << 10;

    /** The most bytes of all definitions together: they are kept for as long as the program runs. */
    private static final int MOST_BYTES_TOGETHER = 1 << 20;

    /** The most definitions of one directory. */
    private static final int MOST_FILES = 1000;

    private DefinitionFiles() {}

    /**
     * The files that count.
     *
     * @param folder where the program's own definitions are, which any directory may override; such as {@code machines/}
     * @param directories the least specific first; one that does not exist is skipped
     * @param problems takes a problem for each file or directory that cannot be read
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
                                "is left out with all after it: the definitions have more than " + MOST_BYTES_TOGETHER
                                        + " bytes together"));
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
     * Whether directories have nothing to say.
     *
     * @param directories those that do not exist have not
     * @return true when no definition of the program's own is overridden or joined, and there is no problem
     */
    static boolean nothingIn(List<Path> directories) {
        List<DefinitionProblem> problems = new ArrayList<>();
        return directories.stream()
                        .allMatch(directory -> list(directory, problems::add).isEmpty())
                && problems.isEmpty();
    }

    /**
     * One file.
     *
     * @param file where it is
     * @param problems takes a problem when it cannot be read
     * @return the file, or nothing when it cannot be read
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
                            "is left out: definitions are named NN-name.json, with two digits first")));
            return all.stream().filter(DefinitionFiles::isDefinition).toList();
        } catch (IOException | UncheckedIOException e) {
            problems.accept(new DefinitionProblem(directory.toString(), 0, "", "cannot be listed: " + e.getMessage()));
            return List.of();
        }
    }
}
