// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;

/** Thrown when {@link BoundedFile} or {@link OwnFile} refuses or fails to read a file. The message is the file's name and the reason. */
public final class UnreadableFile extends IOException {
    private static final long serialVersionUID = 1L;

    private final String reason;
    private final boolean missing;

    /**
     * Creates an exception with a reason.
     *
     * @param name name of the file
     * @param reason one clause, such as {@code is a directory, not a regular file}
     * @param missing whether there is no such file
     */
    UnreadableFile(String name, String reason, boolean missing) {
        super(name + " " + reason);
        this.reason = reason;
        this.missing = missing;
    }

    /**
     * Returns the reason why the file was not read.
     *
     * @return one clause without the file's name, such as {@code is not there}
     */
    public String reason() {
        return reason;
    }

    /**
     * Returns whether there is no such file.
     *
     * @return false for a file that exists and was refused
     */
    public boolean isMissing() {
        return missing;
    }
}
