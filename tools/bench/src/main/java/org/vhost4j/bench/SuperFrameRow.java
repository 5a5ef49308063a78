// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;
import org.vhost4j.bench.result.Sample;

/**
 * Measures super-frames of 64 KiB from one guest to another, compared with plain copies of as many bytes by the same
 * core.
 */
final class SuperFrameRow implements Row {
    private static final String COPY = "plain copy";
    private static final double COPY_SHARE = 0.8;

    @Override
    public String name() {
        return "super-frames";
    }

    @Override
    public String title() {
        return "Super-frames of 64 KiB from guest to guest";
    }

    @Override
    public String about() {
        return "This project's driver sends 45 segments of 1448 bytes as one frame, with the headers in one "
                + "descriptor and the payload in pages, in an indirect table, as Linux does. The receiver gets the "
                + "frame whole in mergeable buffers, or as segments with complete checksums. A plain copy moves as "
                + "many bytes between as many buffers on the back-end's core. DPDK is not compared: its testpmd does "
                + "not forward super-frames between net_vhost ports without knowing their headers.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        List<Case> cases = new ArrayList<>();
        for (String kind : List.of("TSO", "USO")) {
            cases.add(toCase(bench, kind + ", passed on in 4 KiB buffers", kind, true, 4096, true));
            if (bench.plan().full() || (kind.equals("TSO") && !bench.plan().quick())) {
                cases.add(toCase(bench, kind + ", passed on whole", kind, false, 68 * 1024, true));
            }
            cases.add(toCase(bench, kind + ", cut into segments", kind, true, 1536, false));
        }
        return cases;
    }

    private static Case toCase(Bench bench, String name, String kind, boolean pages, int bufferBytes, boolean passed) {
        List<String> options = new ArrayList<>(List.of(
                "--frame=" + kind,
                "--mergeable",
                "--buffer-bytes=" + bufferBytes,
                "--ring-size=" + (bufferBytes > 4096 ? 64 : Plan.RING_SIZE)));
        if (pages) {
            options.addAll(List.of("--pages", "--indirect"));
        }
        if (passed) {
            options.add("--receive-offloads");
        }
        Contender ours = Pair.contender(
                bench,
                OwnPeer.polling(),
                Work.of(Work.Kind.BRIDGE),
                // Counted at the sender, because a segment that arrives is not a super-frame.
                Direction.SEND,
                Figure.SUPER_RATE,
                Plan.RING_SIZE,
                backEnd -> OwnLoad.start(
                        bench,
                        bench.plan().frontEndCore(),
                        "THROUGH",
                        backEnd.sockets(),
                        options.toArray(new String[0])));
        Goal goal = Goal.ratio(Figure.SUPER_RATE, OwnPeer.NAME, List.of(COPY), COPY_SHARE);
        return Case.of(
                name,
                List.of(Figure.SUPER_RATE),
                passed ? List.of(goal) : List.of(),
                List.of(ours, new Contender(COPY, () -> Copies.start(bench))),
                bench.plan().rounds());
    }

    /** Measures plain copies on the back-end's core. */
    private record Copies(OwnLoad load, Duration length) implements Subject {
        static Copies start(Bench bench) throws IOException {
            return new Copies(
                    OwnLoad.start(bench, bench.plan().backEndCore(), "COPY", List.of()),
                    bench.plan().turn());
        }

        @Override
        public Sample turn() throws IOException {
            load.start();
            load.stats();
            long start = System.nanoTime();
            long cpu = load.child().cpuMillis();
            Bench.sleep(length);
            double rate = load.stats().txRate();
            double share = (load.child().cpuMillis() - cpu) / ((System.nanoTime() - start) / 1e6);
            load.stop();
            return new Sample(Map.of(Figure.SUPER_RATE, rate), share < Pair.UNDISTURBED_SHARE, Optional.empty());
        }

        @Override
        public void close() {
            load.close();
        }
    }
}
