// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;

/**
 * The time for which senders wait for a guest that takes no frames, before frames for it are dropped. These are
 * budgets: waits add up, over all senders and frames and whatever the guest does with its rings, and the guest earns
 * them back by taking frames: all of one with {@value #FRAMES_FOR_BUFFERS} or {@value #FRAMES_FOR_TRANSLATIONS} frames,
 * or with 2,500 bytes for each of these.
 *
 * @param forBuffers budget while the guest has posted no receive buffers
 * @param forTranslations budget while IOTLB misses are pending: each takes a request and an answer of a front-end that
 *     has other work
 */
public record ReceiveTimeouts(Duration forBuffers, Duration forTranslations) {
    /** Number of frames that earn all of {@link #forBuffers}. */
    public static final int FRAMES_FOR_BUFFERS = 1_000;

    /** Number of frames that earn all of {@link #forTranslations}: an answer from a busy front-end takes milliseconds. */
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
