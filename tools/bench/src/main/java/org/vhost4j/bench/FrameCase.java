// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;

/**
 * A case with frames of one size over one kind of ring, in one direction.
 *
 * @param frameBytes length of the frames in bytes from the destination MAC address on, without FCS
 * @param packed whether rings are packed rather than split
 * @param mergeable whether the driver accepts MRG_RXBUF
 * @param driver the driver
 */
record FrameCase(int frameBytes, boolean packed, boolean mergeable, Driver driver) {
    /** The frame size of the goals, in bytes. */
    static final int SMALL = 64;

    private static final int MIDDLE = 256;
    private static final int[] SIZES = {SMALL, MIDDLE, 1500};

    /** The driver, and the features that it negotiates. */
    enum Driver {
        /** DPDK's driver, which does not support EVENT_IDX. */
        DPDK(""),
        /** This project's driver without EVENT_IDX. */
        OWN_WITHOUT_EVENT_IDX(", our driver, EVENT_IDX off"),
        /** This project's driver with EVENT_IDX. */
        OWN_WITH_EVENT_IDX(", our driver, EVENT_IDX on");

        private final String words;

        Driver(String words) {
            this.words = words;
        }
    }

    private static List<FrameCase> all(Plan plan) {
        List<FrameCase> cases = new ArrayList<>();
        for (int size : SIZES) {
            for (boolean packed : List.of(false, true)) {
                for (boolean mergeable : List.of(true, false)) {
                    for (Driver driver : Driver.values()) {
                        FrameCase each = new FrameCase(size, packed, mergeable, driver);
                        if (each.belongsTo(plan)) {
                            cases.add(each);
                        }
                    }
                }
            }
        }
        return cases;
    }

    /**
     * Returns the cases of one direction.
     *
     * @param work returns the work of back-ends for frames of a size
     * @param ours the peer whose ratio to DPDK's is judged
     */
    static List<Case> cases(Bench bench, Direction direction, IntFunction<Work> work, List<Peer> peers, String ours) {
        Goal goal = Goal.ratio(Figure.RATE, ours, bench.dpdkNames(), 1.0).aimingAt(1.3);
        return all(bench.plan()).stream()
                .map(each -> Case.of(
                        each.name(),
                        List.of(Figure.RATE),
                        each.frameBytes == SMALL ? List.of(goal) : List.of(),
                        peers.stream()
                                .map(peer -> Pair.contender(
                                        bench,
                                        peer,
                                        work.apply(each.frameBytes),
                                        direction,
                                        Figure.RATE,
                                        Plan.RING_SIZE,
                                        backEnd -> each.load(bench, backEnd, direction)))
                                .toList(),
                        bench.plan().rounds()))
                .toList();
    }

    private boolean belongsTo(Plan plan) {
        return switch (plan.depth()) {
            case FULL -> true;
            case NORMAL -> isRelevant();
            case QUICK ->
                driver == Driver.DPDK && mergeable && (frameBytes == SMALL || (!packed && frameBytes == 1500));
        };
    }

    /**
     * Returns whether a normal run includes the case: each option by itself with frames of 64 bytes; for other sizes
     * only the options of most guests.
     */
    private boolean isRelevant() {
        if (driver != Driver.DPDK || !mergeable) {
            return frameBytes == SMALL && !packed && (driver == Driver.DPDK || mergeable);
        }
        return !packed || frameBytes != MIDDLE;
    }

    /** Returns a name such as {@code 64 B, split, mergeable on}. */
    String name() {
        return "%d B, %s, mergeable %s%s"
                .formatted(frameBytes, packed ? "packed" : "split", mergeable ? "on" : "off", driver.words);
    }

    /** Starts the front-end. */
    Load load(Bench bench, BackEnd backEnd, Direction direction) throws IOException {
        boolean sends = direction == Direction.SEND;
        if (driver == Driver.DPDK) {
            Testpmd.FrontEnd frontEnd = new Testpmd.FrontEnd(
                    backEnd.sockets(),
                    1,
                    mergeable,
                    Plan.RING_SIZE,
                    packed ? Testpmd.Ring.PACKED : Testpmd.Ring.SPLIT,
                    sends ? "txonly" : "rxonly",
                    List.of());
            return TestpmdLoad.start(bench, frontEnd, frameBytes, "start");
        }
        List<String> options = new ArrayList<>(List.of("--bytes=" + frameBytes, "--ring-size=" + Plan.RING_SIZE));
        if (packed) {
            options.add("--packed");
        }
        if (mergeable) {
            options.add("--mergeable");
        }
        if (driver == Driver.OWN_WITH_EVENT_IDX) {
            options.add("--event-idx");
        }
        return OwnLoad.start(
                bench,
                bench.plan().frontEndCore(),
                sends ? "SEND" : "RECEIVE",
                backEnd.sockets(),
                options.toArray(new String[0]));
    }
}
