// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

/** Thrown by a case that finds at run time that it does not apply. The message is the reason. */
public final class NotApplicable extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Creates the exception.
     *
     * @param message why the case does not apply
     */
    public NotApplicable(String message) {
        super(message);
    }
}
