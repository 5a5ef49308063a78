// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;

/**
 * A program that is measured in a case.
 *
 * @param name what to call it
 * @param opener makes it ready
 */
record Contender(String name, Opener opener) {
    /** Makes a contender ready. */
    @FunctionalInterface
    interface Opener {
        /** Starts whatever is needed, and waits until the JIT has compiled what it will. */
        Subject open() throws IOException;
    }
}
