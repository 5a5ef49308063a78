// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;

/**
 * The times for which senders wait for a guest that receives no frames, before frames for it are dropped. They are
 * budgets: waiting times add up over all senders and frames, even if the guest restarts its rings, and a budget is
 * restored as the guest receives frames: fully after {@value #FRAMES_FOR_BUFFERS} or {@value #FRAMES_FOR_TRANSLATIONS}
 * frames, or after 2,500 bytes for each of these.
 *
 * @param forBuffers budget for waiting while the guest has no receive buffers available
 * @param forTranslations budget for waiting while IOTLB misses are pending: each takes a request to a front-end, which
 *     may be busy, and its reply
 */
public record ReceiveTimeouts(Duration forBuffers, Duration forTranslations) {
    /** Number of frames after which {@link #forBuffers} is fully restored. */
    public static final int FRAMES_FOR_BUFFERS = 1_000;

    /**
     * Number of frames after which {@link #forTranslations} is fully restored: the reply of a busy front-end takes
     * milliseconds.
     */
    public static final int FRAMES_FOR_TRANSLATIONS = 250;

    /**
     * Defaults that cause no drops for a guest that runs, and no long delay for other guests: 50 ms, and 1 s behind an
     * IOMMU.
     */
    public static final ReceiveTimeouts DEFAULT = new ReceiveTimeouts(Duration.ofMillis(50), Duration.ofSeconds(1));

    /** Checks the values. */
    public ReceiveTimeouts {
        if (forBuffers.isNegative() || forTranslations.compareTo(forBuffers) < 0) {
            throw new IllegalArgumentException(
                    "a guest is waited for as long for translations as for buffers at least, "
                            + "not %s and %s".formatted(forTranslations, forBuffers));
        }
    }
}
