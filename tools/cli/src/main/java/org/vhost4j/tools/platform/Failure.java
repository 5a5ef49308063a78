// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** Reports failures of these commands: one line on stderr and status 2. */
final class Failure {
    /** The status of a request that is invalid or cannot be fulfilled. */
    static final int STATUS = 2;

    private Failure() {}

    /**
     * Reports a failure.
     *
     * @param err stderr
     * @param message one sentence
     * @return the exit status
     */
    static int report(PrintWriter err, @Nullable String message) {
        err.println(message);
        err.flush();
        return STATUS;
    }
}
