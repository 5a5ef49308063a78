// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;
import java.util.stream.Stream;

/**
 * Frames of one shape that fill a ring, and where they go.
 *
 * @param through whether to another guest, else they are copied and dropped
 * @param frameBytes from the destination MAC address on, without FCS
 * @param buffers in how many buffers, that is descriptors, each lies
 */
record DrainCase(boolean through, int frameBytes, int buffers) {
    private static final List<Integer> SIZES = List.of(64, 1500);
    private static final List<Integer> BUFFERS = List.of(1, 2, 4, 16);

    /** Every combination. */
    static List<DrainCase> all() {
        return Stream.of(false, true).flatMap(DrainCase::all).toList();
    }

    /** Every shape, one way. */
    private static Stream<DrainCase> all(boolean through) {
        return SIZES.stream().flatMap(size -> BUFFERS.stream().map(buffers -> new DrainCase(through, size, buffers)));
    }

    /** Whether a quick run has it: the fewest and the most buffers. */
    boolean quick() {
        return buffers == BUFFERS.getFirst() || buffers == BUFFERS.getLast();
    }

    /** Such as {@code sends, 64 B, 4 buffers}. */
    String name() {
        return "%s, %d B, %d %s"
                .formatted(
                        through ? "guest to guest" : "sends", frameBytes, buffers, buffers == 1 ? "buffer" : "buffers");
    }

    /** What the back-end does. */
    Work work() {
        return Work.of(through ? Work.Kind.BRIDGE : Work.Kind.DROP);
    }
}
