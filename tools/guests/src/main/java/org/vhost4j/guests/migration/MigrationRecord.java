// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** The summary of several migrations of one guest on one back-end: a row of a table. */
public final class MigrationRecord {
    /** The header of the table for {@link #row}. Times are in milliseconds. */
    public static final String HEAD = """
            | back-end | guest | migrations | total | QEMU's downtime | longest gap before | longest gap: median | worst | TCP gap: median | worst | frames lost: median | worst | duplicated | damaged | comparisons | differing pages |
            |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
            """;

    private static final int MICROS = 1000;

    private final String backEnd;
    private final Variant variant;
    private final List<Round> rounds = new ArrayList<>();
    private final List<Interval> others = new ArrayList<>();

    /**
     * Creates an empty record.
     *
     * @param backEnd the name of the back-end
     * @param variant the properties of the guest
     */
    public MigrationRecord(String backEnd, Variant variant) {
        this.backEnd = backEnd;
        this.variant = variant;
    }

    /**
     * Adds a migration.
     *
     * @param round the measurements of the migration
     */
    public void add(Round round) {
        rounds.add(round);
        others.add(round.quiet());
    }

    /**
     * Adds the observations of an attempt that did not move the guest.
     *
     * @param interval the observations of the stream
     */
    public void add(Interval interval) {
        others.add(interval);
    }

    /**
     * Returns whether the traffic and the memory were intact in all migrations and attempts.
     *
     * @return false when a datagram was duplicated or damaged, a byte was damaged, the TCP connection broke, or a page differs
     */
    public boolean whole() {
        return all().allMatch(each -> each.doubled() + each.damaged() + each.tcpDamaged() + each.tcpBroken() == 0)
                && differing() == 0;
    }

    private java.util.stream.Stream<Interval> all() {
        return java.util.stream.Stream.concat(rounds.stream().map(Round::event), others.stream());
    }

    private long differing() {
        return rounds.stream().mapToLong(round -> round.differingPages().size()).sum();
    }

    /**
     * Returns the median of the longest gaps of those migrations in which memory was not compared.
     *
     * @return the time in microseconds; 0 without such a migration
     */
    public long medianGapMicros() {
        return median(round -> round.event().gapMicros());
    }

    /**
     * Formats the row of the table.
     *
     * @return a line of Markdown, with a line terminator
     */
    public String row() {
        return "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d |%n"
                .formatted(
                        backEnd,
                        variant.name(),
                        timed().size(),
                        median(Round::totalMillis),
                        median(Round::downtimeMillis),
                        worst(round -> round.quiet().gapMicros()) / MICROS,
                        medianGapMicros() / MICROS,
                        worst(round -> round.event().gapMicros()) / MICROS,
                        median(round -> round.event().tcpGapMicros()) / MICROS,
                        worst(round -> round.event().tcpGapMicros()) / MICROS,
                        median(round -> round.event().lost()),
                        worst(round -> round.event().lost()),
                        all().mapToLong(Interval::doubled).sum(),
                        all().mapToLong(each -> each.damaged() + each.tcpDamaged() + each.tcpBroken())
                                .sum(),
                        rounds.size() - timed().size(),
                        differing());
    }

    /** Returns the rounds without a comparison of memory, for which the guest is stopped. */
    private List<Round> timed() {
        return rounds.stream().filter(round -> !round.compared()).toList();
    }

    private long median(ToLongFunction<Round> what) {
        long[] sorted = timed().stream().mapToLong(what).sorted().toArray();
        return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    private long worst(ToLongFunction<Round> what) {
        return timed().stream().mapToLong(what).max().orElse(0);
    }
}
