// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;

/**
 * How long senders are held up by a guest that takes nothing, before frames for it are dropped. These are budgets: waits add up, over all
 * senders and frames and whatever the guest does with its rings, and the guest earns them back by taking frames. 1,000 frames, or
 * 2,500,000 bytes, earn all of it.
 *
 * @param forBuffers while the guest has posted no receive buffers
 * @param forTranslations while its IOMMU owes translations: each takes a question and an answer, of a front-end that has other work
 */
public record ReceiveTimeouts(Duration forBuffers, Duration forTranslations) {
    /** What does no guest harm that runs, and what no other guest notices for long: 50 ms, and 1 s behind an IOMMU. */
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
