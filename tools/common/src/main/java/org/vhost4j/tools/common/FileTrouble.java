// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Why a file or directory could not be used, for messages that name it already: the JDK's own message is often the path alone. */
public final class FileTrouble {
    private FileTrouble() {}

    /**
     * Says why.
     *
     * @param e what {@link java.nio.file.Files} threw
     * @return one clause, in the words of strerror(3) where there are some
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
