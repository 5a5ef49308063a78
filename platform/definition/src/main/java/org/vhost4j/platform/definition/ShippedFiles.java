// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Reads the definition files that are shipped with the program. They are read directly from the program's archive, because reading one
 * through a class loader takes milliseconds.
 */
final class ShippedFiles implements AutoCloseable {
    private static final String FOLDER = ShippedFiles.class.getPackageName().replace('.', '/') + "/";

    private final @Nullable ZipFile archive;

    private ShippedFiles(@Nullable ZipFile archive) {
        this.archive = archive;
    }

    /**
     * Opens the archive from which the program runs, if it runs from one.
     *
     * @return the files, to be closed by the caller
     */
    static ShippedFiles open() {
        CodeSource source = ShippedFiles.class.getProtectionDomain().getCodeSource();
        try {
            Path path = source == null ? null : Path.of(source.getLocation().toURI());
            return new ShippedFiles(
                    path != null && path.toString().endsWith(".jar") ? new ZipFile(path.toFile()) : null);
        } catch (IOException | URISyntaxException | IllegalArgumentException e) {
            // The archive is inside another file: its files are read through the class loader.
            return new ShippedFiles(null);
        }
    }

    /**
     * Opens the archive, and returns the text of one file.
     *
     * @param name name of the file, below this package
     * @return the text
     */
    static String read(String name) {
        try (ShippedFiles files = open()) {
            return files.text(name);
        }
    }

    /**
     * Returns the text of a file.
     *
     * @param name name of the file, below this package
     * @return the text
     */
    String text(String name) {
        try (InputStream in = stream(name)) {
            if (in == null) {
                throw new IllegalStateException("the program's resource " + name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private @Nullable InputStream stream(String name) throws IOException {
        if (archive == null) {
            return ShippedFiles.class.getResourceAsStream(name);
        }
        ZipEntry entry = archive.getEntry(FOLDER + name);
        return entry == null ? null : archive.getInputStream(entry);
    }

    /**
     * Returns the names of all definitions of one kind.
     *
     * @param folder folder such as {@code machines/}
     * @return the names without the folder, the newest first
     */
    List<String> index(String folder) {
        return text(folder + "index.txt").lines().toList();
    }

    /**
     * Returns a definition.
     *
     * @param folder folder such as {@code machines/}
     * @param name a name of {@link #index}
     * @return the file
     */
    DefinitionSource definition(String folder, String name) {
        return new DefinitionSource("builtin:" + folder + name, name, text(folder + name), true);
    }

    @Override
    public void close() {
        try {
            if (archive != null) {
                archive.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
