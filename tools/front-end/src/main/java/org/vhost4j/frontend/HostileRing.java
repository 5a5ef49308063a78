// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.function.Consumer;
import org.vhost4j.device.driver.RingDriver;

/**
 * What no driver may write into a transmit queue, for a back-end that has to survive it.
 *
 * @param name unique among the rings of one layout, in lower case with hyphens, such as {@code index-jumps}
 * @param says what is written, as a phrase without a verb, such as {@code a head beyond the table}
 * @param indirect whether INDIRECT_DESC must have been negotiated: otherwise the ring is wrong for another reason
 * @param write writes it, and makes it available, in a queue that has never been used; the kick is the caller's
 * @param <D> the driver's side of the layout
 */
public record HostileRing<D extends RingDriver>(String name, String says, boolean indirect, Consumer<D> write) {
    static <D extends RingDriver> HostileRing<D> of(String name, String says, Consumer<D> write) {
        return new HostileRing<>(name, says, false, write);
    }

    static <D extends RingDriver> HostileRing<D> indirect(String name, String says, Consumer<D> write) {
        return new HostileRing<>(name, says, true, write);
    }

    /** For parameterized tests, whose cases are named by it. */
    @Override
    public String toString() {
        return says;
    }
}
