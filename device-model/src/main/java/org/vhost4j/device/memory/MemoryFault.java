// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

/** Thrown for an invalid address or memory table. The message names the addresses and the rule, in one line. */
public final class MemoryFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Creates an exception.
     *
     * @param message description of the error, with the values
     */
    public MemoryFault(String message) {
        super(message);
    }
}
