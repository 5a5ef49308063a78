// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.ArrayList;
import java.util.List;

/** Formats a sequence of requests as a short text in which repeated blocks appear only once. */
final class Sequence {
    private static final int LONGEST_BLOCK = 8;

    private Sequence() {}

    /**
     * Folds repeated blocks.
     *
     * @param items words without spaces
     * @return text such as {@code A, (B, C) 2×, D 3×}
     */
    static String text(List<String> items) {
        List<String> parts = new ArrayList<>();
        int at = 0;
        while (at < items.size()) {
            int best = 1;
            int times = 1;
            // Selects the block that covers the most items, and of several the shortest.
            for (int length = 1; length <= LONGEST_BLOCK; length++) {
                int repeats = repeats(items, at, length);
                if (repeats > 1 && repeats * length > best * times) {
                    best = length;
                    times = repeats;
                }
            }
            String block = String.join(", ", items.subList(at, at + best));
            parts.add(times == 1 ? block : (best == 1 ? block : "(" + block + ")") + " " + times + "×");
            at += best * times;
        }
        return String.join(", ", parts);
    }

    private static int repeats(List<String> items, int from, int length) {
        if (from + length > items.size()) {
            return 0;
        }
        List<String> block = items.subList(from, from + length);
        int times = 1;
        while (from + (times + 1) * length <= items.size()
                && items.subList(from + times * length, from + (times + 1) * length)
                        .equals(block)) {
            times++;
        }
        return times;
    }
}
