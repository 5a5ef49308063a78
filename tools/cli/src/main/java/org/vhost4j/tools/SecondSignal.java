// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import org.vhost4j.tools.common.SignalHandler;

/**
 * Handles the second SIGINT or SIGTERM. After the first signal a command finishes its current step and reports a partial result, which may
 * take a while. The JVM itself ignores further signals while it ends.
 */
final class SecondSignal {
    /** The number that a shell adds to a signal's number for the exit status. */
    private static final int SIGNALLED = 128;

    private static final int INT = 2;
    private static final int TERM = 15;

    private SecondSignal() {}

    /** Makes a second signal end the process immediately. */
    static void endsAtOnce() {
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform().name("vhost4j-second-signal").unstarted(() -> {
                            // Handles both signals, even if the process was started with one of them ignored.
                            boolean unused = handle("INT", INT);
                            unused = handle("TERM", TERM);
                        }));
    }

    private static boolean handle(String name, int number) {
        return SignalHandler.handle(name, () -> Runtime.getRuntime().halt(SIGNALLED + number));
    }
}
