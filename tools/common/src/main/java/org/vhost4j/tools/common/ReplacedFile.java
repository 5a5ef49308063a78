// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A file that is written repeatedly and is complete at all times: the new text replaces the old one by a rename. */
public final class ReplacedFile {
    private ReplacedFile() {}

    /**
     * Writes a file, or replaces it.
     *
     * @param option the option that specified the file, for the message, such as {@code --junit}
     * @param file the file, in a directory that is writable
     * @param text the whole text, written as UTF-8
     * @throws UnsupportedOption when the file cannot be written
     */
    public static void write(String option, Path file, String text) {
        try {
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                // Such as /dev/stdout or a pipe, which must not be replaced.
                Files.writeString(file, text);
                return;
            }
            Path next = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(next, text);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UnsupportedOption(option + "=" + file + " cannot be written: " + FileTrouble.of(e));
        }
    }
}
