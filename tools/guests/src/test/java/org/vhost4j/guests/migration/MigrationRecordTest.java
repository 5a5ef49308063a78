// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.guests.lab.GuestFailure;

/** Tests the table of several migrations, and when a record is complete. */
class MigrationRecordTest {
    private static final Interval QUIET = interval(1000, 0, 0, 0, 4000, 0, 0);

    private final MigrationRecord record = new MigrationRecord("ours", Variant.PLAIN);

    private static Interval interval(long... values) {
        return Interval.parse(
                "stream sent=%d lost=%d doubled=%d damaged=%d gap_us=%d tcp_bytes=9 tcp_damaged=%d tcp_broken=%d tcp_gap_us=7000"
                        .formatted(java.util.Arrays.stream(values).boxed().toArray()));
    }

    private static Round round(long gapMicros, long lost) {
        return new Round(QUIET, interval(3000, lost, 0, 0, gapMicros, 0, 0), 1200, 20, false, List.of());
    }

    @Test
    void aRowHasMediansAndTheWorst() {
        record.add(round(90_000, 60));
        record.add(round(150_000, 90));
        record.add(round(100_000, 70));
        assertThat(record.row())
                .isEqualTo("| ours | plain | 3 | 1200 | 20 | 4 | 100 | 150 | 7 | 7 | 70 | 90 | 0 | 0 | 0 | 0 |\n");
        assertThat(record.whole()).isTrue();
    }

    @Test
    void aComparisonHasNoGaps() {
        record.add(round(90_000, 60));
        record.add(new Round(QUIET, interval(3000, 900, 0, 0, 900_000, 0, 0), 1200, 900, true, List.of()));
        assertThat(record.row())
                .isEqualTo("| ours | plain | 1 | 1200 | 20 | 4 | 90 | 90 | 7 | 7 | 60 | 60 | 0 | 0 | 1 | 0 |\n");
    }

    @Test
    void whatCameTwiceOrChangedIsNotWhole() {
        for (Interval bad : List.of(
                interval(1000, 0, 1, 0, 4000, 0, 0),
                interval(1000, 0, 0, 1, 4000, 0, 0),
                interval(1000, 0, 0, 0, 4000, 1, 0),
                interval(1000, 0, 0, 0, 4000, 0, 1))) {
            MigrationRecord with = new MigrationRecord("ours", Variant.PLAIN);
            with.add(round(90_000, 60));
            with.add(bad);
            assertThat(with.whole()).as(bad.toString()).isFalse();
        }
    }

    @Test
    void aDifferingPageIsNotWhole() {
        record.add(new Round(QUIET, QUIET, 1200, 900, true, List.of(4096L)));
        assertThat(record.whole()).isFalse();
    }

    @Test
    void twoIntervalsAreOne() {
        assertThat(interval(1000, 5, 1, 2, 4000, 3, 0).and(interval(500, 1, 0, 0, 9000, 0, 1)))
                .isEqualTo(new Interval(1500, 6, 1, 2, 9000, 18, 3, 1, 7000));
    }

    @Test
    void aLineWithoutAFigureIsRefused() {
        assertThatThrownBy(() -> Interval.parse("stream sent=1"))
                .isInstanceOf(GuestFailure.class)
                .hasMessageContaining("lost");
    }
}
