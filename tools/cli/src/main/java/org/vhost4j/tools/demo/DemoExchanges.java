// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.IperfResult;
import org.vhost4j.guests.lab.Traffic;

/**
 * Runs traffic tests between two guests, one after the other. An interruption takes effect between two tests; the results of completed
 * tests are kept.
 */
final class DemoExchanges {
    private final int seconds;
    private final int datagrams;
    private final Consumer<String> progress;
    private final List<DemoTable.Row> rows = new ArrayList<>();
    private boolean complete;

    /**
     * Creates exchanges without results.
     *
     * @param seconds duration of a run of iperf3 in seconds
     * @param datagrams number of datagrams sent in each direction
     * @param progress receives a line for each step that begins
     */
    DemoExchanges(int seconds, int datagrams, Consumer<String> progress) {
        this.seconds = seconds;
        this.datagrams = datagrams;
        this.progress = progress;
    }

    /** Returns the results. */
    List<DemoTable.Row> rows() {
        return List.copyOf(rows);
    }

    /** Returns whether all exchanges were completed. */
    boolean complete() {
        return complete;
    }

    /**
     * Runs all exchanges.
     *
     * @param one a guest that is up
     * @param two the other guest
     * @param interrupted returns whether to end before the next exchange
     */
    void run(Guest one, Guest two, BooleanSupplier interrupted) {
        List<Supplier<DemoTable.Row>> steps = new ArrayList<>();
        steps.add(() -> ping(one, Traffic.address(2), "IPv4"));
        steps.add(() -> ping(one, Traffic.address6(2), "IPv6"));
        for (String server : List.of(Traffic.address(2), Traffic.address6(2))) {
            String family = server.contains(":") ? "IPv6" : "IPv4";
            steps.add(() -> stream(one, server, "", "TCP over " + family + ", guest0 to guest1"));
            steps.add(() -> stream(one, server, "-R", "TCP over " + family + ", guest1 to guest0"));
        }
        steps.add(() -> datagrams(one, two, Traffic.address(2), "IPv4, guest0 to guest1"));
        steps.add(() -> datagrams(two, one, Traffic.address(1), "IPv4, guest1 to guest0"));
        steps.add(() -> datagrams(one, two, Traffic.address6(2), "IPv6, guest0 to guest1"));
        steps.add(() -> datagrams(two, one, Traffic.address6(1), "IPv6, guest1 to guest0"));
        Traffic.iperfServer(two);
        run(steps, interrupted);
    }

    /**
     * Runs one step after the other.
     *
     * @param steps the exchanges
     * @param interrupted returns whether to end before the next exchange
     */
    void run(List<Supplier<DemoTable.Row>> steps, BooleanSupplier interrupted) {
        for (Supplier<DemoTable.Row> step : steps) {
            if (interrupted.getAsBoolean()) {
                return;
            }
            rows.add(step.get());
        }
        complete = true;
    }

    private DemoTable.Row ping(Guest from, String address, String family) {
        progress.accept("ping over " + family);
        return new DemoTable.Row("ping, " + family, Traffic.ping(from, address), true);
    }

    private DemoTable.Row stream(Guest from, String server, String options, String what) {
        progress.accept("iperf3, " + what);
        IperfResult result = Traffic.iperf(from, server, options, seconds);
        return new DemoTable.Row(
                what,
                result.rate() + ", " + result.bytes() + " bytes, " + result.retransmits() + " retransmits",
                result.bytes() > 0);
    }

    private DemoTable.Row datagrams(Guest from, Guest to, String address, String what) {
        progress.accept("UDP_SEGMENT over " + what);
        Traffic.Exchange exchange = Traffic.datagrams(from, to, address, "-n " + datagrams);
        return new DemoTable.Row(
                "UDP_SEGMENT over " + what,
                "%d datagrams checked, %d damaged, %d lost, %d calls with UDP_SEGMENT, %d merged on arrival"
                        .formatted(
                                exchange.receiver().number("ok"),
                                exchange.receiver().number("damaged"),
                                exchange.sender().number("lost"),
                                exchange.sender().number("gso"),
                                exchange.receiver().number("gro")),
                exchange.ok());
    }
}
