// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;

/**
 * The times for which senders wait for a guest that receives no frames, before frames for it are dropped. They are
 * budgets: waiting times add up over all senders and frames, even if the guest restarts its rings. Frames that the
 * guest receives restore a budget: fully after {@value #FRAMES_FOR_BUFFERS} or {@value #FRAMES_FOR_TRANSLATIONS}
 * frames, or after 2,500 bytes for each of these frames.
 *
 * @param forBuffers budget for waiting while the guest has no receive buffers available
 * @param forTranslations budget for waiting while IOTLB misses are pending; at least {@code forBuffers}, because each
 *     miss takes a request to the front-end and its reply
 */
public record ReceiveTimeouts(Duration forBuffers, Duration forTranslations) {
    /** Number of frames after which {@link #forBuffers} is fully restored. */
    public static final int FRAMES_FOR_BUFFERS = 1_000;

    /**
     * Number of frames after which {@link #forTranslations} is fully restored: lower than for buffers, because the
     * reply of a busy front-end takes milliseconds.
     */
    public static final int FRAMES_FOR_TRANSLATIONS = 250;

    /**
     * The default: 50 ms for buffers and 1 s for translations. A guest that runs loses no frames, and other guests are
     * not delayed for long.
     */
    public static final ReceiveTimeouts DEFAULT = new ReceiveTimeouts(Duration.ofMillis(50), Duration.ofSeconds(1));

    /** Checks the values. */
    public ReceiveTimeouts {
        if (forBuffers.isNegative() || forTranslations.compareTo(forBuffers) < 0) {
            throw new IllegalArgumentException("the timeout for translations must be at least that for buffers, "
                    + "not %s and %s".formatted(forTranslations, forBuffers));
        }
    }
}
