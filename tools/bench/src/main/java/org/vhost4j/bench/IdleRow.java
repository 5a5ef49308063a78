// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;
import org.vhost4j.bench.result.Sample;

/** Measures the processor time of a back-end whose guest is idle, and how fast it responds again. */
final class IdleRow implements Row {
    private static final Figure PROCESSOR = new Figure("processor time", "s a minute", 1, 2, false);
    private static final Figure SWITCHES = new Figure("context switches", "a second", 1, 1, false);
    private static final double MOST_SWITCHES = 10;
    private static final double FIRST_WITHIN = 100e-6;
    private static final Duration SILENCE = Duration.ofMillis(20);
    private static final Duration CALM = Duration.ofMillis(500);
    private static final int ROUNDS = 2;

    @Override
    public String name() {
        return "idle";
    }

    @Override
    public String title() {
        return "Idle";
    }

    @Override
    public String about() {
        return "One guest is attached and idle: processor time and context switches of all threads of the "
                + "back-end are measured. Then a frame is sent every 20 ms, and its round-trip time is measured. "
                + "DPDK's testpmd polls continuously.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        List<Peer> peers = new ArrayList<>(List.of(OwnPeer.idling("adaptive"), OwnPeer.idling("event")));
        peers.add(bench.newestDpdk());
        int rounds = Math.min(ROUNDS, bench.plan().rounds());
        Duration turn = bench.plan().turn().multipliedBy(8);
        String adaptive = OwnPeer.idling("adaptive").name();
        Case idle = Case.of(
                "attached, no traffic",
                List.of(PROCESSOR, SWITCHES),
                List.of(Goal.atMost(SWITCHES, adaptive, MOST_SWITCHES)),
                peers.stream()
                        .map(peer -> new Contender(peer.name(), () -> Idle.start(bench, peer, turn)))
                        .toList(),
                rounds);
        Case first = Case.of(
                "first frame after 20 ms of silence",
                List.of(RoundTrips.MEDIAN, RoundTrips.P99),
                List.of(Goal.atMost(RoundTrips.MEDIAN, adaptive, FIRST_WITHIN)),
                peers.stream()
                        .map(peer -> RoundTrips.contender(
                                bench, peer, SILENCE, bench.plan().turn().multipliedBy(4)))
                        .toList(),
                rounds);
        return List.of(idle, first);
    }

    /** A back-end with an idle guest. */
    private record Idle(BackEnd backEnd, Load load, Duration length) implements Subject {
        static Idle start(Bench bench, Peer peer, Duration turn) throws IOException {
            BackEnd backEnd = peer.start(bench, Work.of(Work.Kind.DROP));
            try {
                Load load = OwnLoad.start(bench, bench.plan().frontEndCore(), "SEND", backEnd.sockets());
                load.start();
                Bench.sleep(bench.plan().warmUp());
                load.stop();
                backEnd.child().pause();
                return new Idle(backEnd, load, turn);
            } catch (IOException e) {
                backEnd.close();
                throw e;
            }
        }

        @Override
        public Sample turn() throws IOException {
            backEnd.child().resume();
            Bench.sleep(CALM);
            long start = System.nanoTime();
            long millis = backEnd.child().cpuMillis();
            long switches = backEnd.child().contextSwitches();
            Bench.sleep(length);
            double seconds = (System.nanoTime() - start) / 1e9;
            Map<Figure, Double> values = new LinkedHashMap<>();
            values.put(PROCESSOR, (backEnd.child().cpuMillis() - millis) / 1e3 / seconds * 60);
            values.put(SWITCHES, (backEnd.child().contextSwitches() - switches) / seconds);
            backEnd.child().pause();
            return Sample.of(values);
        }

        @Override
        public void close() {
            load.close();
            backEnd.close();
        }
    }
}
