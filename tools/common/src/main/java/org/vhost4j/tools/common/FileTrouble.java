// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * Explains why a file or directory could not be used. The reason completes messages that already name the file, because the JDK's own
 * message is often only the path.
 */
public final class FileTrouble {
    private FileTrouble() {}

    /**
     * Returns the reason for a failure.
     *
     * @param e the exception that {@link java.nio.file.Files} threw
     * @return one clause, in the wording of strerror(3) where it has one
     */
    public static String of(IOException e) {
        String reason = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
        if (reason != null) {
            return reason;
        }
        return switch (e) {
            case NoSuchFileException missing -> "No such file or directory";
            case AccessDeniedException denied -> "Permission denied";
            case FileAlreadyExistsException there -> "File exists";
            case DirectoryNotEmptyException full -> "Directory not empty";
            default -> e.getClass().getSimpleName();
        };
    }
}
