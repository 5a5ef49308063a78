// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/** Thrown when the back-end did not behave as expected: no answer in time, a closed connection, an invalid reply. */
public class FrontEndException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Creates the exception.
     *
     * @param message a description of what happened, in one sentence
     */
    public FrontEndException(String message) {
        super(message);
    }

    /** Thrown when the back-end closed the connection. */
    public static final class Closed extends FrontEndException {
        private static final long serialVersionUID = 1;

        Closed(String message) {
            super(message);
        }
    }

    /** Thrown when the back-end answered a request with need_reply with a value other than 0. */
    public static final class Refused extends FrontEndException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    /** Thrown when the back-end did not act in time. */
    public static final class TimedOut extends FrontEndException {
        private static final long serialVersionUID = 1;

        TimedOut(String message) {
            super(message);
        }
    }
}
