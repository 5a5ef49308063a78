// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

/**
 * Thrown when a driver broke a rule of its virtqueue. The message names the queue, the descriptor index, the value and
 * the rule. A queue must not be used after it has thrown a fault.
 */
public final class RingFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String reason;

    /**
     * Creates a fault.
     *
     * @param reason one line
     */
    public RingFault(String reason) {
        super(reason);
        this.reason = reason;
    }

    /**
     * Returns the reason: the broken rule, and where it was broken.
     *
     * @return one line
     */
    public String reason() {
        return reason;
    }
}
