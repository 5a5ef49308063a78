// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

/**
 * Thrown when the device broke a rule of the specification on a queue; the message names the rule, the position and the
 * value.
 */
public final class DeviceViolationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Reports a violation.
     *
     * @param message queue, value and rule
     */
    public DeviceViolationException(String message) {
        super(message);
    }
}
