// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;
import java.util.stream.Stream;

/**
 * A case with frames of one shape that fill a ring.
 *
 * @param through whether the frames are forwarded to another guest; otherwise they are copied and dropped
 * @param frameBytes length in bytes from the destination MAC address on, without FCS
 * @param buffers number of buffers, that is descriptors, of each frame
 */
record DrainCase(boolean through, int frameBytes, int buffers) {
    private static final List<Integer> SIZES = List.of(64, 1500);
    private static final List<Integer> BUFFERS = List.of(1, 2, 4, 16);

    /** Returns every combination of direction, frame length and number of buffers. */
    static List<DrainCase> all() {
        return Stream.of(false, true).flatMap(DrainCase::all).toList();
    }

    /** Returns every shape in one direction. */
    private static Stream<DrainCase> all(boolean through) {
        return SIZES.stream().flatMap(size -> BUFFERS.stream().map(buffers -> new DrainCase(through, size, buffers)));
    }

    /** Returns whether a quick run includes the case: those with the fewest and the most buffers. */
    boolean quick() {
        return buffers == BUFFERS.getFirst() || buffers == BUFFERS.getLast();
    }

    /** Returns a name such as {@code sends, 64 B, 4 buffers}. */
    String name() {
        return "%s, %d B, %d %s"
                .formatted(
                        through ? "guest to guest" : "sends", frameBytes, buffers, buffers == 1 ? "buffer" : "buffers");
    }

    /** Returns the work of the back-end. */
    Work work() {
        return Work.of(through ? Work.Kind.BRIDGE : Work.Kind.DROP);
    }
}
