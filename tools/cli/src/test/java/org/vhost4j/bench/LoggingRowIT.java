// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.bench.result.CaseResult;
import org.vhost4j.bench.result.Measured;
import org.vhost4j.bench.result.RowResult;

/**
 * Drains this project's back-end with and without a dirty log for a short time. The front-end rejects a log without
 * marks.
 */
class LoggingRowIT {
    @Test
    void ringsOfALoggedGuestAreDrained() throws IOException {
        StringWriter said = new StringWriter();
        RowResult row;
        try (Children children = new Children()) {
            Duration moment = Duration.ofMillis(100);
            Plan plan = new Plan(1, moment, moment, moment, Plan.Depth.QUICK, 0, List.of(1));
            row = new Runner(new Bench(children, plan, List.of()), "1500 B", new PrintWriter(said), () -> false)
                    .run(new LoggingRow());
        }
        assertThat(row.cases()).extracting(CaseResult::name).containsExactly("guest to guest, 1500 B, 1 buffer");
        List<Measured> both = row.cases().getFirst().measured();
        assertThat(both).extracting(Measured::contender).containsExactly("vhost4j", "vhost4j, logged");
        for (Measured each : both) {
            assertThat(each.sound()).as("%s: %s", each.contender(), said).isTrue();
            assertThat(each.rounds().count()).isEqualTo(200);
            assertThat(each.spread(DrainRow.BEST).median()).isPositive();
        }
    }
}
