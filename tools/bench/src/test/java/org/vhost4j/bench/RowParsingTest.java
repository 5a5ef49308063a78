// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.bench.result.Curve;
import org.vhost4j.bench.result.Sample;

/** Tests the parsing of programs' output by rows, and the rows' descriptions of their measurements. */
class RowParsingTest {
    @Test
    void roundTripsAreRead() throws IOException {
        Sample sample = RoundTrips.parse("5000 0 90000 50.0 2000 99.0 9000 99.9 20000 99.99 80000 99.999 90000");
        assertThat(sample.values().get(RoundTrips.MEDIAN)).isCloseTo(2e-6, within(1e-12));
        assertThat(sample.values().get(RoundTrips.P9999)).isCloseTo(80e-6, within(1e-12));
        assertThat(sample.values().get(RoundTrips.WORST)).isCloseTo(90e-6, within(1e-12));
        // Of 5000 round trips none tells what one in 10000 takes.
        assertThat(sample.curve().orElseThrow().points()).hasSize(3);
        assertThat(sample.curve().orElseThrow().points().get(1).x()).isCloseTo(100, within(1e-9));
    }

    @Test
    void framesThatDidNotComeBackAreNoResult() {
        assertThatThrownBy(() -> RoundTrips.parse("500 2 0 50.0 0"))
                .isInstanceOf(IOException.class)
                .hasMessage("2 of 500 frames were not returned");
    }

    @Test
    void drainsAreReadAsTimesOfAFrame() {
        List<Double> times = Drains.parse("1024 30720 61440");
        assertThat(times).hasSize(2);
        assertThat(times.getFirst()).isCloseTo(30e-9, within(1e-15));
        assertThat(times.getLast()).isCloseTo(60e-9, within(1e-15));
    }

    @Test
    void safepointsAndCollectionsAreRead() {
        JvmLog log = JvmLog.parse(List.of(
                "[899130027ns][gc] GC(0) Pause Young (Allocation Failure) 18M->4M(61M) 9.905ms",
                "[899166010ns][safepoint] Safepoint \"SerialCollectForAllocation\", Time since last: 848564108 ns, "
                        + "Reaching safepoint: 4564 ns, At safepoint: 9946824 ns, Leaving safepoint: 2417 ns, Total: 9953805 ns, "
                        + "Threads: 0 runnable, 10 total",
                "[999166010ns][safepoint] Safepoint \"Cleanup\", Time since last: 1 ns, Total: 70000 ns"));
        assertThat(log).isEqualTo(new JvmLog(9_953_805, 1, 14L << 20));
        assertThat(JvmLog.parse(List.of())).isEqualTo(new JvmLog(0, 0, 0));
    }

    @Test
    void theHeapIsRead() throws IOException {
        assertThat(JvmLog.usedHeap("""
                15247:
                DefNew     total 19648K, used 7422K [0x00000000fc000000, 0x00000000fd550000, 0x00000000fd550000)
                 eden space 17472K,  30% used [0x00000000fc000000, 0x00000000fc51fa50, 0x00000000fd110000)
                Tenured    total 43712K, used 2385K [0x00000000fd550000, 0x0000000100000000, 0x0000000100000000)
                """)).isEqualTo((7422L + 2385) << 10);
        assertThatThrownBy(() -> JvmLog.usedHeap("15247:\nConnection refused\n"))
                .isInstanceOf(IOException.class)
                .hasMessage("the JVM does not report its heap: Connection refused");
    }

    @Test
    void aCurveIsWarmWhereItFirstComesToMostOfItsEnd() {
        List<Curve.Point> points = List.of(
                new Curve.Point(0.1, 1),
                new Curve.Point(0.2, 8.9),
                new Curve.Point(0.3, 9.1),
                new Curve.Point(0.4, 5),
                new Curve.Point(0.5, 10),
                new Curve.Point(0.6, 10));
        assertThat(WarmUpRow.warm(points)).isEqualTo(0.3);
    }

    @ParameterizedTest
    @EnumSource(Plan.Depth.class)
    void namesAreUnique(Plan.Depth depth) throws IOException {
        Plan plan =
                new Plan(3, Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(9), depth, 0, List.of(1));
        try (Children children = new Children()) {
            Bench bench = new Bench(children, plan, List.of(new DpdkPeer("DPDK 1", "a"), new DpdkPeer("DPDK 2", "b")));
            Set<String> rows = new HashSet<>();
            for (Row row : Rows.ALL) {
                assertThat(rows.add(row.name())).as(row.name()).isTrue();
                Set<String> cases = new HashSet<>();
                for (Case each : row.cases(bench)) {
                    assertThat(cases.add(each.name())).as(each.name()).isTrue();
                    assertThat(each.contenders().stream().map(Contender::name)).doesNotHaveDuplicates();
                    each.goals()
                            .forEach(goal -> assertThat(
                                            each.contenders().stream().map(Contender::name))
                                    .contains(goal.ours())
                                    .containsAll(goal.theirs()));
                }
                // A guest that boots takes too long for a quick run.
                assertThat(cases.isEmpty()).as(row.name()).isEqualTo(row instanceof HostTcpRow && plan.quick());
            }
        }
    }

    @Test
    void ourBackEndIsToldWhatToDo() {
        List<Path> sockets = List.of(Path.of("/a"), Path.of("/b"));
        assertThat(OwnPeer.copying().arguments(Work.of(Work.Kind.DROP), sockets.subList(0, 1)))
                .containsExactly("run", "--idle=poll", "--queues=1", "--socket-path=/a", "--port=null:copy=on");
        assertThat(new DrainCase(false, 64, 1).work()).isEqualTo(Work.of(Work.Kind.DROP));
        assertThat(new DrainCase(true, 64, 1).work()).isEqualTo(Work.of(Work.Kind.BRIDGE));
        assertThat(OwnPeer.idling("event").arguments(Work.of(Work.Kind.BRIDGE).queues(4), sockets))
                .containsExactly("run", "--idle=event", "--queues=4", "--socket-path=/a", "--socket-path=/b");
        assertThat(OwnPeer.polling().arguments(Work.source(256), sockets.subList(0, 1)))
                .contains("--port=source:size=256");
        assertThat(OwnPeer.polling().onLanes(2).arguments(Work.of(Work.Kind.BRIDGE), sockets))
                .containsExactly(
                        "run", "--idle=poll", "--queues=1", "--lanes=2", "--socket-path=/a", "--socket-path=/b");
    }
}
