// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;

/** What holds for each part of a ring of either format before a queue starts over it. */
final class RingPart {
    private RingPart() {}

    /** Refuses a part that is too short or not aligned; {@code name} is the queue's and {@code what} the part's, for the message. */
    static void require(String name, String what, MemorySegment part, long bytes, int alignment) {
        if (part.byteSize() < bytes) {
            throw new RingFault(
                    "%s: the %s has %d bytes of the %d needed".formatted(name, what, part.byteSize(), bytes));
        }
        if (part.address() % alignment != 0) {
            throw new RingFault("%s: the %s is not aligned to %d bytes".formatted(name, what, alignment));
        }
    }
}
