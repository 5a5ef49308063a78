// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import org.vhost4j.tools.common.SignalHandler;

/**
 * The second SIGINT or SIGTERM. The first lets a command end with what it knows so far, which may take as long as a step of it; the JVM ignores a
 * further signal while it ends, so this handles that signal.
 */
final class SecondSignal {
    /** What a shell adds to a signal's number. */
    private static final int SIGNALLED = 128;

    private static final int INT = 2;
    private static final int TERM = 15;

    private SecondSignal() {}

    /** From the first signal on, a second one ends the process without another step. */
    static void endsAtOnce() {
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform().name("vhost4j-second-signal").unstarted(() -> {
                            // Also the second one when this process was started with the first one ignored.
                            boolean unused = handle("INT", INT);
                            unused = handle("TERM", TERM);
                        }));
    }

    private static boolean handle(String name, int number) {
        return SignalHandler.handle(name, () -> Runtime.getRuntime().halt(SIGNALLED + number));
    }
}
