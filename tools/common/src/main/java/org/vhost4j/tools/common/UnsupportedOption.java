// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

/** Thrown when the program cannot do what the user requested. The message is one line for the user; the command ends with status 2. */
public final class UnsupportedOption extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Creates the exception.
     *
     * @param message what is impossible, and why
     */
    public UnsupportedOption(String message) {
        super(message);
    }
}
