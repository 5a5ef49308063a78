// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.bench.result.CaseResult;
import org.vhost4j.bench.result.CrossCheck;
import org.vhost4j.bench.result.Measured;
import org.vhost4j.bench.result.RowResult;
import org.vhost4j.bench.result.Spread;

/**
 * Drains rings of this project's back-end for a short time: every frame is used, and both sides have the same counts.
 */
class DrainRowIT {
    private final StringWriter said = new StringWriter();

    @Test
    void shortAndLongChainsAreDrainedBothWays() throws IOException {
        RowResult row;
        try (Children children = new Children()) {
            row = new Runner(bench(children), "64 B", new PrintWriter(said), () -> false).run(new DrainRow());
        }
        assertThat(row.cases())
                .extracting(CaseResult::name)
                .containsExactly(
                        "sends, 64 B, 1 buffer",
                        "sends, 64 B, 16 buffers",
                        "guest to guest, 64 B, 1 buffer",
                        "guest to guest, 64 B, 16 buffers");
        for (CaseResult each : row.cases()) {
            Measured ours = each.measured().getFirst();
            assertThat(ours.sound()).as("%s: %s", each.name(), said).isTrue();
            // One round of the plan is five turns of 40 rounds.
            assertThat(ours.rounds().count()).isEqualTo(200);
            Spread best = ours.spread(DrainRow.BEST);
            assertThat(best.median()).as(each.name()).isPositive();
            assertThat(ours.spread(DrainRow.LOWER_QUARTILE).median()).isBetween(best.median(), best.median() * 1e6);
            CrossCheck check = ours.check().orElseThrow();
            // The guest that receives sends a frame before each turn, so that the bridge knows it.
            assertThat(check.backEnd() - check.frontEnd()).isBetween(0L, (long) Plan.RING_SIZE);
        }
    }

    @Test
    void aBackEndThatSleepsIsRefused() throws IOException {
        try (Children children = new Children()) {
            Bench bench = bench(children);
            DrainCase each = new DrainCase(false, 64, 1);
            List<Path> sockets = bench.sockets(1);
            BackEnd backEnd = OwnPeer.idling("event").start(bench, each.work(), sockets);
            Drains drains = Drains.attach(Drains.frontEnd(bench), backEnd.child(), sockets);
            assertThatThrownBy(() -> drains.turn(List.of(each), 100))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the back-end requests kicks: it does not poll");
        }
    }

    private static Bench bench(Children children) {
        Duration moment = Duration.ofMillis(100);
        Plan plan = new Plan(1, moment, moment, moment, Plan.Depth.QUICK, 0, List.of(1));
        return new Bench(children, plan, List.of());
    }
}
