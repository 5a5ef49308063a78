// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.vhost4j.vhostuser.server.BackendConfig;

/**
 * Compares the number of descriptors that a back-end needs with the limit (RLIMIT_NOFILE). Checked before the start,
 * because a JVM without descriptors fails in many places, in some of them by blocking permanently.
 */
final class DescriptorLimit {
    /** Descriptors of the process: the JVM, its archive, standard streams, the monitor, and temporary ones. */
    private static final long PROCESS = 20;

    /** Descriptors of a lane: epoll and its wake-up. */
    private static final long LANE = 4;

    /**
     * Descriptors of a guest: the socket, a connection, the back-end channel, the progress file and the in-flight area.
     */
    private static final long GUEST = 5;

    /** Descriptors of a ring: kick, call and error. */
    private static final long RING = 3;

    private DescriptorLimit() {}

    /**
     * Checks that the descriptors of this process suffice for a back-end.
     *
     * @param config the back-end
     * @param limit maximum number of descriptors of the process; empty when there is no limit or it is not known
     * @throws IllegalStateException when they do not; the message is one sentence for the user
     */
    static void check(BackendConfig config, OptionalLong limit) {
        long needed = needed(config.endpoints().size(), config.queuePairs(), config.lanesInUse());
        if (limit.isPresent() && limit.getAsLong() < needed) {
            throw new IllegalStateException(
                    "too few open files are allowed: %d guests of %d queue pairs on %d lanes need up to %d,"
                                    .formatted(
                                            config.endpoints().size(), config.queuePairs(), config.lanesInUse(), needed)
                            + " and the limit is " + limit.getAsLong() + " (ulimit -n)");
        }
    }

    /**
     * Returns the maximum number of descriptors of a back-end.
     *
     * @param guests number of guests
     * @param queuePairs number of queue pairs of each guest
     * @param lanes number of lanes
     * @return number of descriptors
     */
    static long needed(int guests, int queuePairs, int lanes) {
        return PROCESS + LANE * lanes + guests * (GUEST + RING * (2L * queuePairs + 1));
    }

    /**
     * Returns the maximum number of descriptors of this process.
     *
     * @return the soft limit; empty when there is none or procfs does not have it
     */
    static OptionalLong limit() {
        try {
            return limit(Files.readAllLines(Path.of("/proc/self/limits")));
        } catch (IOException e) {
            // Without procfs the error occurs later.
            return OptionalLong.empty();
        }
    }

    /**
     * Parses the limit from procfs.
     *
     * @param lines lines of {@code /proc/self/limits}
     * @return the soft limit; empty when there is none
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
