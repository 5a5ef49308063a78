// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converts a directory argument, which must exist, unlike the default directories. */
final class DirectoryConverter implements ITypeConverter<Path> {
    @Override
    public Path convert(String value) {
        Path directory = Path.of(value);
        if (!Files.isDirectory(directory)) {
            throw new TypeConversionException("there is no directory '" + value + "'");
        }
        return directory;
    }
}
