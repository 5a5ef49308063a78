// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.HostileRing;
import org.vhost4j.frontend.HostileRings;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;

/**
 * Cases about rings and headers that no driver should write. A device may stop, and a back-end may end the connection; after every case the
 * suite itself checks that the back-end serves the next connection.
 */
public final class HostileRingCases implements CaseGroup {
    @Override
    public String title() {
        return "Malformed rings and headers that the back-end must survive";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        HostileRings.split().forEach(ring -> all.add(survives(ring, FrontEndQueue::splitRing)));
        HostileRings.packed()
                .forEach(ring ->
                        all.add(survives(ring, FrontEndQueue::packedRing).onPacked()));
        all.addAll(Case.onBoth(
                Case.of(
                        "hostile-ring.headers",
                        "robustness",
                        "the back-end survives headers with false fields",
                        HostileRingCases::headers),
                Case.of(
                                "hostile-ring.headers-loop",
                                "robustness",
                                "after headers with false fields the next frame is returned",
                                HostileRingCases::headersAndThenAFrame)
                        .loops()));
        all.add(Case.of(
                "hostile-ring.random",
                "robustness",
                "the back-end survives descriptors and indices that change randomly while it reads them",
                HostileRingCases::random));
        return all;
    }

    private static <D extends RingDriver> Case survives(HostileRing<D> ring, Function<FrontEndQueue, D> side) {
        Case survival = Case.of(
                "hostile-ring." + ring.name(), "robustness", "the back-end survives " + ring.says(), context -> {
                    NetDriver driver = context.attach(context.setup());
                    FrontEndQueue queue = driver.transmitQueue(0);
                    context.note("%s in a transmit queue, and a kick", ring.says());
                    ring.write().accept(side.apply(queue));
                    queue.kick().signal();
                    // Time for the back-end to read it, and possibly to crash.
                    driver.frontEnd().socket().awaitClosed(context.quiet());
                });
        return ring.indirect() ? survival.needs(Feature.INDIRECT_DESC) : survival;
    }

    private static void headers(CaseContext context) {
        sendLies(context, context.attach(context.setup()));
    }

    private static void sendLies(CaseContext context, NetDriver driver) {
        byte[] frame = HostileRings.frame(CaseContext.addressed(PacketBuilder.tcp4()));
        List<DriverHeader> lies = new ArrayList<>(HostileRings.headers());
        // A device may parse the headers instead of using hdr_len, and a segment may be as short as one byte.
        lies.add(DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 0xffff, 1000, 34, 16));
        lies.add(DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 1, 34, 16));
        for (DriverHeader lie : lies) {
            context.note("a TCP frame of %d bytes with %s", frame.length, CaseContext.describe(lie));
            driver.send(frame, lie);
        }
        driver.awaitSent();
    }

    private static void headersAndThenAFrame(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        sendLies(context, driver);
        byte[] last = context.datagram(77).complete();
        long end = System.nanoTime() + context.patience().toNanos();
        do {
            // Segments of one byte fill the receive buffers, and later frames may be dropped.
            context.note("a valid frame of %d bytes", last.length);
            driver.send(last);
            Optional<ReceivedFrame> came = context.receive(driver, context.quiet());
            while (came.isPresent()) {
                if (came.get().bytes().length == last.length) {
                    context.expect(last, came.get());
                    return;
                }
                came = context.receive(driver, context.quiet());
            }
        } while (System.nanoTime() - end < 0);
        throw context.violation(
                "the valid frame was not returned within %d ms",
                context.patience().toMillis());
    }

    private static void random(CaseContext context) {
        SplittableRandom random = context.random();
        for (int round = 0; round < 8; round++) {
            try (NetDriver driver = context.attach(context.setup())) {
                context.note("connection %d: 2000 random descriptors", round + 1);
                HostileRings.scribble(driver, random);
            }
        }
    }
}
