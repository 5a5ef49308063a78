// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Sample;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.lab.Traffic;

/**
 * A TCP measurement with a real guest, an iperf3 server on the host, and a network connection between them, all in one
 * network namespace.
 *
 * @param namespace the network namespace of all programs
 * @param guest the guest, which is the iperf3 client
 * @param helpers the iperf3 server, and the back-end if there is one
 * @param flow the direction of the data
 * @param seconds the duration of each measurement, in seconds
 */
record HostTcp(Namespace namespace, Guest guest, List<Child> helpers, Flow flow, int seconds) implements Subject {
    /** The rate of the data received, in bits per second. */
    static final Figure SPEED = new Figure("received", "Gbit/s", 1e9, 2, true);
    /** The mean length of the frames that the guest counts in the measured direction, in bytes. */
    static final Figure FRAME = new Figure("frame", "bytes", 1, 0, true);

    /** The direction of the data. */
    enum Flow {
        /** The guest sends to the host. */
        TO_HOST("guest to host", "", "tx"),
        /** The host sends to the guest. */
        TO_GUEST("host to guest", "-R", "rx");

        private final String title;
        private final String option;
        private final String counters;

        Flow(String title, String option, String counters) {
            this.title = title;
            this.option = option;
            this.counters = counters;
        }

        String title() {
            return title;
        }

        @Override
        public String toString() {
            return counters;
        }
    }

    /** The guest's address. */
    static final String GUEST = Traffic.address(1);
    /** The host's address as the guest reaches it. */
    static final String HOST = Traffic.address(254);

    private static final int WARM_UPS = 6;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /**
     * A network connection between guest and host.
     *
     * @param qemu arguments that give the guest its network device
     * @param helpers the programs that implement the connection
     */
    record Way(List<String> qemu, List<Child> helpers) {
        Way {
            qemu = List.copyOf(qemu);
            helpers = List.copyOf(helpers);
        }
    }

    /** Creates a network connection between guest and host. */
    @FunctionalInterface
    interface Maker {
        /** Starts the programs that implement the connection. */
        Way make(Bench bench, Namespace namespace, Lab lab) throws IOException;
    }

    static HostTcp start(Bench bench, String purpose, Maker maker, Flow flow, int seconds) throws IOException {
        Lab lab = Lab.find();
        Namespace namespace = Namespace.create(bench.children(), purpose);
        try {
            Way way = maker.make(bench, namespace, lab);
            Child server = bench.children()
                    .start(
                            "iperf3",
                            bench.plan().backEndCore(),
                            namespace.inside(List.of("iperf3", "--server", "--forceflush")));
            server.await("listening", PATIENCE);
            Guest guest = boot(bench, lab, namespace, purpose, flow, way.qemu());
            List<Child> helpers = new java.util.ArrayList<>(way.helpers());
            helpers.add(server);
            return new HostTcp(namespace, guest, helpers, flow, seconds);
        } catch (IOException | RuntimeException e) {
            namespace.close();
            throw e;
        }
    }

    /**
     * Returns the warm-up time in seconds. It is longer than in other rows, because frames of up to 64 KiB are fewer,
     * and the JVM compiles methods after a number of calls.
     */
    private static int warmUp(Bench bench) {
        return (int) Math.max(1, bench.plan().warmUp().multipliedBy(WARM_UPS).toSeconds());
    }

    private static Guest boot(Bench bench, Lab lab, Namespace namespace, String purpose, Flow flow, List<String> qemu)
            throws IOException {
        List<String> before =
                new java.util.ArrayList<>(Children.confined(bench.plan().frontEndCore()));
        before.addAll(namespace.inside());
        Guest guest = Guest.start(lab, before, purpose, bench.children().directory(), List.of(), qemu);
        try {
            guest.waitUntilUp();
            Traffic.configure(guest, 1);
            double unused =
                    Traffic.iperf(guest, HOST, flow.option, warmUp(bench)).bitsPerSecond();
            return guest;
        } catch (IOException | RuntimeException e) {
            guest.close();
            throw e;
        }
    }

    @Override
    public Sample turn() {
        long bytes = counter("bytes");
        long frames = counter("packets");
        double speed = Traffic.iperf(guest, HOST, flow.option, seconds).bitsPerSecond();
        return Sample.of(
                Map.of(SPEED, speed, FRAME, (double) (counter("bytes") - bytes) / (counter("packets") - frames)));
    }

    private long counter(String name) {
        return Long.parseLong(guest.must("cat /sys/class/net/eth0/statistics/" + flow.counters + "_" + name)
                .strip());
    }

    @Override
    public void close() {
        guest.close();
        helpers.forEach(Child::close);
        namespace.close();
    }
}
