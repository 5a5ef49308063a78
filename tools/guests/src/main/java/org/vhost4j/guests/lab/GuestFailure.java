// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

/** Thrown when a guest did not boot or did not answer in time, or when a command in the guest failed. */
public final class GuestFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Creates the exception.
     *
     * @param message a description of the failure
     */
    public GuestFailure(String message) {
        super(message);
    }
}
