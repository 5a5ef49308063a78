// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;

/**
 * A program that is measured in a case.
 *
 * @param name the name in reports
 * @param opener starts the contender
 */
record Contender(String name, Opener opener) {
    /** Starts a contender. */
    @FunctionalInterface
    interface Opener {
        /** Starts all processes of the contender and waits until the JIT compiler has finished warming up. */
        Subject open() throws IOException;
    }
}
