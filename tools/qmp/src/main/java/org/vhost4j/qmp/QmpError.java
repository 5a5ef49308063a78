// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

/**
 * Thrown when a command fails; contains the error for the client. It has no stack trace, because clients can cause it
 * at any rate.
 */
final class QmpError extends Exception {
    private static final long serialVersionUID = 1;

    /** QEMU's error classes (qapi/error.json) that this monitor uses. */
    enum Kind {
        /** An error without a more specific class. */
        GENERIC("GenericError"),
        /** The command does not exist, or is not available in this state. */
        COMMAND_NOT_FOUND("CommandNotFound"),
        /** There is no such device. */
        DEVICE_NOT_FOUND("DeviceNotFound");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        /** Returns the name in messages. */
        String word() {
            return word;
        }
    }

    private final Kind kind;

    QmpError(Kind kind, String description) {
        super(description, null, false, false);
        this.kind = kind;
    }

    static QmpError generic(String description) {
        return new QmpError(Kind.GENERIC, description);
    }

    Kind kind() {
        return kind;
    }

    String description() {
        return String.valueOf(getMessage());
    }
}
