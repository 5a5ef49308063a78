// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.function.Consumer;
import org.vhost4j.device.driver.RingDriver;

/**
 * Invalid contents of a transmit queue, which no driver may write and which a back-end must survive.
 *
 * @param name the name, unique among the rings of one layout, in lower case with hyphens, such as {@code index-jumps}
 * @param says the description of the contents, a phrase without a verb, such as {@code a head index beyond the descriptor table}
 * @param indirect whether INDIRECT_DESC must have been negotiated; without it the ring would be invalid for another reason
 * @param write writes the contents into a queue that has never been used, and makes them available; the caller kicks
 * @param <D> the type of the driver's side of the layout
 */
public record HostileRing<D extends RingDriver>(String name, String says, boolean indirect, Consumer<D> write) {
    static <D extends RingDriver> HostileRing<D> of(String name, String says, Consumer<D> write) {
        return new HostileRing<>(name, says, false, write);
    }

    static <D extends RingDriver> HostileRing<D> indirect(String name, String says, Consumer<D> write) {
        return new HostileRing<>(name, says, true, write);
    }

    /** Returns the description, which parameterized tests use as the names of their cases. */
    @Override
    public String toString() {
        return says;
    }
}
