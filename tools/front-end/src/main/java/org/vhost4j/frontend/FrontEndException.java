// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/** The back-end did not do what was expected of it: no answer in time, a closed connection, a wrong reply. */
public class FrontEndException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Reports what happened.
     *
     * @param message one sentence
     */
    public FrontEndException(String message) {
        super(message);
    }

    /** The back-end closed the connection, or was gone when something was sent. */
    public static final class Closed extends FrontEndException {
        private static final long serialVersionUID = 1;

        Closed(String message) {
            super(message);
        }
    }

    /** The back-end answered need_reply with something else than 0. */
    public static final class Refused extends FrontEndException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    /** The deadline passed. */
    public static final class TimedOut extends FrontEndException {
        private static final long serialVersionUID = 1;

        TimedOut(String message) {
            super(message);
        }
    }
}
