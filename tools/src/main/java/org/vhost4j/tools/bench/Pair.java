// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** A front-end and the back-end that it is attached to. Between its turns the one is idle and the other frozen. */
final class Pair implements AutoCloseable {
    /** Frames flow for this long before the meter is read first. */
    private static final Duration SETTLE = Duration.ofMillis(200);

    private final Row row;
    private final BackEnd backEnd;
    private final Testpmd frontEnd;

    private Pair(Row row, BackEnd backEnd, Testpmd frontEnd) {
        this.row = row;
        this.backEnd = backEnd;
        this.frontEnd = frontEnd;
    }

    /** Starts both, lets frames flow for a while so that what is to be compiled is, and puts them to rest. */
    static Pair start(BackEnd.Kind kind, Children children, Plan plan, Row row) throws IOException {
        String name = "%s-%d".formatted(kind, plan.rows().indexOf(row));
        BackEnd backEnd = BackEnd.start(kind, children, plan.backEndCore(), children.socket(name), row);
        Testpmd frontEnd = Testpmd.frontEnd(
                children,
                plan.frontEndCore(),
                new Testpmd.FrontEnd(
                        children.socket(name),
                        1,
                        row.mergeable(),
                        Plan.RING_SIZE,
                        row.packed() ? Testpmd.Ring.PACKED : Testpmd.Ring.SPLIT,
                        row.direction().frontEndMode(),
                        List.of()));
        frontEnd.command("set txpkts " + row.frameBytes());
        Pair pair = new Pair(row, backEnd, frontEnd);
        frontEnd.command("start");
        sleep(plan.warmUp());
        pair.rest();
        return pair;
    }

    /** Which DPDK the front-end is. */
    String version() {
        return frontEnd.version();
    }

    /** Lets frames flow, measures for a while and rests. */
    Turn turn(Duration duration) throws IOException {
        backEnd.child().resume();
        frontEnd.command("start");
        sleep(SETTLE);
        frontEnd.stats();
        long start = System.nanoTime();
        long frontEndCpu = frontEnd.child().cpuMillis();
        long backEndCpu = backEnd.child().cpuMillis();
        sleep(duration);
        PortStats stats = frontEnd.stats();
        double millis = (System.nanoTime() - start) / 1e6;
        Turn turn = new Turn(
                row.direction().rate(stats),
                (frontEnd.child().cpuMillis() - frontEndCpu) / millis,
                (backEnd.child().cpuMillis() - backEndCpu) / millis);
        rest();
        return turn;
    }

    private void rest() throws IOException {
        frontEnd.command("stop");
        backEnd.child().pause();
    }

    /** Ends both in order and compares what they have counted. */
    CrossCheck end() throws IOException {
        backEnd.child().resume();
        // What is still in the ring is taken now.
        sleep(SETTLE);
        long frontEndFrames = row.direction().frames(frontEnd.stats());
        frontEnd.quit();
        return new CrossCheck(frontEndFrames, backEnd.frames());
    }

    @Override
    public void close() {
        frontEnd.close();
        backEnd.close();
    }

    private static void sleep(Duration duration) throws IOException {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while measuring", e);
        }
    }
}
