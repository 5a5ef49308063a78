// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;
import org.vhost4j.bench.result.Sample;

/** Measures the JVM's allocation and pauses while frames flow. */
final class SteadyRow implements Row {
    private static final Figure GARBAGE = new Figure("allocated for a frame", "B", 1, 4, false);
    private static final Figure PAUSE = new Figure("longest pause of the JVM", "ms", 1e-3, 3, false);
    private static final Figure COLLECTIONS = new Figure("collections", "of garbage", 1, 0, false);
    /** Allocation in bytes that is ignored, because querying the JVM allocates some itself. */
    private static final double LITTLE = 0.01;

    private static final double MOST_PAUSE = 1e-3;

    @Override
    public String name() {
        return "steady";
    }

    @Override
    public String title() {
        return "Garbage and pauses";
    }

    @Override
    public String about() {
        return "DPDK's driver sends frames of 64 bytes from guest to guest through the bridge. The used heap is "
                + "queried before and after (jcmd GC.heap_info, which allocates some kilobytes itself), and the "
                + "bytes that were collected in between are added. Pauses are all safepoints of -Xlog:safepoint.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        return List.of(Case.of(
                "%d s".formatted(bench.plan().steady().toSeconds()),
                List.of(GARBAGE, PAUSE, COLLECTIONS),
                List.of(Goal.atMost(GARBAGE, OwnPeer.NAME, LITTLE), Goal.atMost(PAUSE, OwnPeer.NAME, MOST_PAUSE)),
                List.of(new Contender(OwnPeer.NAME, () -> () -> measure(bench))),
                1));
    }

    private static Sample measure(Bench bench) throws IOException {
        Path log = bench.children().directory().resolve("safepoints.log");
        OwnPeer peer = OwnPeer.polling().with("-Xlog:safepoint,gc:file=" + log + ":uptimenanos,tags:filecount=0");
        try (BackEnd backEnd = peer.start(bench, Work.of(Work.Kind.BRIDGE));
                Load load = ThroughRow.dpdkDriver(bench, backEnd, 64)) {
            load.start();
            Bench.sleep(bench.plan().warmUp().multipliedBy(4));
            long usedBefore = JvmLog.usedHeap(jcmd(backEnd.child()));
            int begin = Files.readAllLines(log).size();
            long framesBefore = load.stats().rxPackets();
            Bench.sleep(bench.plan().steady());
            long frames = load.stats().rxPackets() - framesBefore;
            List<String> lines = Files.readAllLines(log);
            JvmLog meanwhile = JvmLog.parse(lines.subList(begin, lines.size()));
            long usedAfter = JvmLog.usedHeap(jcmd(backEnd.child()));
            load.stop();
            if (frames == 0) {
                throw new IOException("no frames arrived");
            }
            Map<Figure, Double> values = new LinkedHashMap<>();
            values.put(GARBAGE, (double) (usedAfter - usedBefore + meanwhile.collectedBytes()) / frames);
            values.put(PAUSE, meanwhile.longestNanos() / 1e9);
            values.put(COLLECTIONS, (double) meanwhile.collections());
            return Sample.of(values);
        }
    }

    private static String jcmd(Child child) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(child.pid()),
                        "GC.heap_info")
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
