// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.vhost4j.vhostuser.server.BackendConfig;

/**
 * Compares the descriptors that a back-end takes with those that it may have (RLIMIT_NOFILE). It is asked before the start: a JVM
 * that runs out of them fails in many places, in some of them by waiting forever.
 */
final class DescriptorLimit {
    /** The JVM, its archive, standard streams, the monitor, and what is open for a moment. */
    private static final long PROCESS = 20;

    /** epoll and what wakes it. */
    private static final long LANE = 4;

    /** The socket, a connection, the back-end channel, the positions and the in-flight area. */
    private static final long GUEST = 5;

    /** Kick, call and error. */
    private static final long RING = 3;

    private DescriptorLimit() {}

    /**
     * Whether a back-end can be served with the descriptors that this process may have.
     *
     * @param config the back-end
     * @param limit how many descriptors the process may have; nothing when there is no limit or it is not known
     * @throws IllegalStateException when it cannot; the message is one sentence for the user
     */
    static void check(BackendConfig config, OptionalLong limit) {
        long needed = needed(config.endpoints().size(), config.queuePairs(), config.lanesInUse());
        if (limit.isPresent() && limit.getAsLong() < needed) {
            throw new IllegalStateException(
                    "too few open files are allowed: %d guests of %d queue pairs on %d lanes take up to %d,"
                                    .formatted(
                                            config.endpoints().size(), config.queuePairs(), config.lanesInUse(), needed)
                            + " and the limit is " + limit.getAsLong() + " (ulimit -n)");
        }
    }

    /**
     * What a back-end takes at most.
     *
     * @param guests the number of guests
     * @param queuePairs of each
     * @param lanes the number of lanes
     * @return descriptors
     */
    static long needed(int guests, int queuePairs, int lanes) {
        return PROCESS + LANE * lanes + guests * (GUEST + RING * (2L * queuePairs + 1));
    }

    /**
     * How many descriptors this process may have.
     *
     * @return the soft limit; nothing when there is none or procfs does not tell
     */
    static OptionalLong limit() {
        try {
            return limit(Files.readAllLines(Path.of("/proc/self/limits")));
        } catch (IOException e) {
            // Without procfs it shows later.
            return OptionalLong.empty();
        }
    }

    /**
     * The limit that procfs tells.
     *
     * @param lines of {@code /proc/self/limits}
     * @return the soft limit; nothing when there is none
     */
    static OptionalLong limit(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("Max open files"))
                .map(line -> line.substring("Max open files".length()).strip().split("\\s+", 2)[0])
                .filter(soft -> !soft.equals("unlimited"))
                .mapToLong(Long::parseLong)
                .findFirst();
    }
}
