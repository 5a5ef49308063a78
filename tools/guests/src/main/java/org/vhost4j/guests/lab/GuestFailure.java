// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

/** A guest did not boot, did not answer in time, or a command in the guest failed. */
public final class GuestFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Creates the failure.
     *
     * @param message what failed
     */
    public GuestFailure(String message) {
        super(message);
    }
}
