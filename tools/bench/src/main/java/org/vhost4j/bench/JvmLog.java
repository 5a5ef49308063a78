// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The contents of a JVM's log by {@code -Xlog:safepoint,gc}.
 *
 * @param longestNanos duration of the longest safepoint in nanoseconds, from the request to stop until all threads
 *     continued
 * @param collections number of garbage collections
 * @param collectedBytes number of collected bytes, in whole mebibytes as in the log
 */
record JvmLog(long longestNanos, int collections, long collectedBytes) {
    private static final Pattern SAFEPOINT = Pattern.compile("Safepoint \".*Total: *([0-9]{1,18}) ns");
    private static final Pattern COLLECTION = Pattern.compile("Pause .*? ([0-9]{1,9})M->([0-9]{1,9})M");
    private static final Pattern USED = Pattern.compile("(?:DefNew|Tenured) +total [0-9]+K, used ([0-9]{1,12})K");

    static JvmLog parse(List<String> lines) {
        long longest = 0;
        int collections = 0;
        long collected = 0;
        for (String line : lines) {
            Matcher safepoint = SAFEPOINT.matcher(line);
            if (safepoint.find()) {
                longest = Math.max(longest, Long.parseLong(safepoint.group(1)));
            }
            Matcher collection = COLLECTION.matcher(line);
            if (collection.find()) {
                collections++;
                collected += (Long.parseLong(collection.group(1)) - Long.parseLong(collection.group(2))) << 20;
            }
        }
        return new JvmLog(longest, collections, collected);
    }

    /**
     * Returns the size of the used heap.
     *
     * @param text output of {@code jcmd GC.heap_info} for the serial collector's heap
     * @return bytes of both generations
     * @throws IOException when the text has another format
     */
    static long usedHeap(String text) throws IOException {
        Matcher matcher = USED.matcher(text);
        long bytes = 0;
        int generations = 0;
        while (matcher.find()) {
            bytes += Long.parseLong(matcher.group(1)) << 10;
            generations++;
        }
        if (generations != 2) {
            throw new IOException("the JVM does not report its heap: "
                    + text.lines().reduce((first, second) -> second).orElse(""));
        }
        return bytes;
    }
}
