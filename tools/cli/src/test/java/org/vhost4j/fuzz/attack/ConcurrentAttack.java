// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz.attack;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.vhost4j.device.Budget;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.GuestNotifier;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.fuzz.FuzzTarget;

/**
 * The main class of a test in its own JVM, which an access outside of a mapping ends: a malicious guest writes into its
 * rings while the device reads them. Two neighbours exchange numbered frames meanwhile, and a third sends to the
 * malicious guest, because a receive ring is only read when frames arrive. Prints a table; the exit status is 1 when a
 * neighbour's device stopped, or its frames were lost, duplicated or damaged.
 */
public final class ConcurrentAttack {
    private static final long ATTACKER = 0x0200_0000_0066L;
    private static final long FIRST = 0x0200_0000_0001L;
    private static final long SECOND = 0x0200_0000_0002L;
    private static final long THIRD = 0x0200_0000_0003L;
    private static final int TURNS = 400;
    private static final int[] HOSTILITY = {8, 64, 1000, 20_000};
    private static final FeatureSet FEATURES = FeatureSet.of(
            Feature.VERSION_1,
            Feature.MRG_RXBUF,
            Feature.INDIRECT_DESC,
            Feature.CSUM,
            Feature.HOST_TSO4,
            Feature.HOST_TSO6,
            Feature.HOST_USO,
            Feature.GUEST_CSUM,
            Feature.CTRL_VQ,
            Feature.CTRL_RX,
            Feature.CTRL_VLAN,
            Feature.CTRL_MAC_ADDR);

    private final OffloadEngine engine = new OffloadEngine();
    private final Bridge bridge = new Bridge(engine);
    private final Neighbour first = new Neighbour("first", FIRST, false, bridge, engine);
    private final Neighbour second = new Neighbour("second", SECOND, true, bridge, engine);
    private final Neighbour third = new Neighbour("third", THIRD, false, bridge, engine);
    private final NetDevice device;
    private final Attacker attacker;
    private final SplittableRandom random;
    /** By what the lines say without their numbers. */
    private final Map<String, Integer> reasons = new TreeMap<>();

    private static final class Row {
        private int rounds;
        private int stops;
        private long polls;
        private long in;
        private long out;
    }

    private ConcurrentAttack(long seed) {
        random = new SplittableRandom(seed);
        attacker = new Attacker(seed);
        device = new NetDevice(
                new NetDeviceConfig("attacker", ATTACKER, 1, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
                bridge,
                engine,
                () -> {},
                DeviceOwner.NONE,
                new Budget(64, 1 << 16, 50_000, System::nanoTime));
        bridge.add(device);
    }

    /** One round: from empty rings until the device has stopped, or has been polled often enough. */
    private void round(Kind kind, Row row) {
        attacker.begin(kind, HOSTILITY[random.nextInt(HOSTILITY.length)]);
        FeatureSet features = FEATURES;
        if (kind.layout() == RingLayout.PACKED) {
            features = features.plus(FeatureSet.of(Feature.RING_PACKED));
        }
        if (kind.events()) {
            features = features.plus(FeatureSet.of(Feature.EVENT_IDX));
        }
        device.control().reset();
        device.control().features(features);
        RingFeatures ring = RingFeatures.of(features);
        for (int queue = 0; queue < Attacker.QUEUES; queue++) {
            device.control()
                    .start(
                            queue,
                            attacker.open(queue, queue == 1 ? ring.ofTransmitQueue() : ring),
                            GuestNotifier.NONE,
                            true,
                            false);
        }
        long in = device.counters().get(Counter.RX_FRAMES);
        long out = device.counters().get(Counter.TX_FRAMES);
        for (int turn = 0; turn < TURNS && device.stoppedReason() == null; turn++) {
            row.polls++;
            turn();
        }
        row.rounds++;
        row.in += device.counters().get(Counter.RX_FRAMES) - in;
        row.out += device.counters().get(Counter.TX_FRAMES) - out;
        String reason = device.stoppedReason();
        if (reason != null) {
            row.stops++;
            FuzzTarget.requireLine(reason);
            reasons.merge(reason.replaceAll("0x[0-9a-f]+|[0-9]+", "N"), 1, Integer::sum);
        }
        for (int queue = 0; queue < Attacker.QUEUES; queue++) {
            device.control().stop(queue);
        }
        boolean unused = device.control().clearStop();
        settle();
    }

    private void turn() {
        first.send(SECOND, 60 + random.nextInt(1400));
        second.send(FIRST, 60 + random.nextInt(1400));
        third.send(ATTACKER, 60 + random.nextInt(1400));
        device.poll();
        if (random.nextInt(8) == 0 && !device.arm()) {
            device.disarm();
        }
        neighbours();
    }

    private void neighbours() {
        first.device().poll();
        second.device().poll();
        third.device().poll();
        bridge.flush();
        first.receive(SECOND);
        second.receive(FIRST);
        third.receive(ATTACKER);
    }

    /** Checks that every frame between neighbours has arrived. */
    private void settle() {
        neighbours();
        neighbours();
        for (Neighbour each : List.of(first, second, third)) {
            String reason = each.device().stoppedReason();
            if (reason != null) {
                throw new AssertionError(each.device().name() + " stopped: " + reason);
            }
        }
        if (first.wrong() + second.wrong() != 0
                || first.sent() != second.arrived()
                || second.sent() != first.arrived()) {
            throw new AssertionError("neighbours sent %d and %d, and received %d and %d, of which %d are wrong"
                    .formatted(
                            first.sent(),
                            second.sent(),
                            first.arrived(),
                            second.arrived(),
                            first.wrong() + second.wrong()));
        }
    }

    /**
     * Runs the attack.
     *
     * @param arguments {@code --rounds N} of each of the 24 kinds, or {@code --minutes N}; {@code --seed N}
     * @throws InterruptedException never
     */
    public static void main(String[] arguments) throws InterruptedException {
        long rounds = 0;
        long minutes = 0;
        long seed = 22;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            long value = Long.parseLong(arguments[i + 1]);
            switch (arguments[i]) {
                case "--rounds" -> rounds = value;
                case "--minutes" -> minutes = value;
                case "--seed" -> seed = value;
                default -> throw new IllegalArgumentException(arguments[i]);
            }
        }
        long end = System.nanoTime() + minutes * 60_000_000_000L;
        ConcurrentAttack attack = new ConcurrentAttack(seed);
        TreeMap<String, Row> rows = new TreeMap<>();
        for (long round = 0; round < rounds || (minutes > 0 && System.nanoTime() < end); round++) {
            for (Kind kind : Kind.all()) {
                attack.round(kind, rows.computeIfAbsent(kind.toString(), _ -> new Row()));
            }
        }
        attack.attacker.end();
        System.out.println(
                "| attacked ring | rounds | turns | frames to the guest | frames from the guest | device stopped |"
                        + " frames lost by neighbours |");
        System.out.println("|---|---|---|---|---|---|---|");
        rows.forEach((kind, row) -> System.out.printf(
                "| %s | %d | %d | %d | %d | %d | 0 |%n", kind, row.rounds, row.polls, row.in, row.out, row.stops));
        System.out.println();
        attack.reasons.forEach((reason, count) -> System.out.printf("%6d times: %s%n", count, reason));
        System.out.printf(
                "%d fields flipped by the second thread; neighbours exchanged %d frames, none lost, doubled or"
                        + " damaged%n",
                attack.attacker.flips(), attack.first.arrived() + attack.second.arrived());
    }
}
