// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

/** An address or a memory table that breaks a rule. The message names the addresses and the rule, in one line. */
public final class MemoryFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Creates a fault.
     *
     * @param message what was wrong, with its values
     */
    public MemoryFault(String message) {
        super(message);
    }
}
