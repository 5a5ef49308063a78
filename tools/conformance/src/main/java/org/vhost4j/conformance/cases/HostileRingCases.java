// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
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

/**
 * Rings and headers that no driver should write. A device may stop, and a back-end may end the connection; the suite itself checks
 * after every case that it serves the next one.
 */
public final class HostileRingCases implements CaseGroup {
    @Override
    public String title() {
        return "Rings and headers that must be survived";
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
                        "headers that lie are survived",
                        HostileRingCases::headers),
                Case.of(
                                "hostile-ring.headers-loop",
                                "robustness",
                                "after headers that lie the next frame comes back",
                                HostileRingCases::headersAndThenAFrame)
                        .loops()));
        all.add(Case.of(
                "hostile-ring.random",
                "robustness",
                "descriptors and indices that change at random while they are read are survived",
                HostileRingCases::random));
        return all;
    }

    private static <D extends RingDriver> Case survives(HostileRing<D> ring, Function<FrontEndQueue, D> side) {
        Case survival = Case.of("hostile-ring." + ring.name(), "robustness", ring.says() + " is survived", context -> {
            NetDriver driver = context.attach(context.setup());
            FrontEndQueue queue = driver.transmitQueue(0);
            context.note("%s in a transmit queue, and a kick", ring.says());
            ring.write().accept(side.apply(queue));
            queue.kick().signal();
            // Time for the back-end to read it, and to fall over it.
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
        // A device may believe its own eyes rather than hdr_len, and a segment may be as short as a byte.
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
        context.note("a frame of %d bytes that is in order", last.length);
        driver.send(last);
        for (int i = 0; i < 10_000; i++) {
            byte[] came = context.receive(driver).bytes();
            if (came.length == last.length) {
                context.expect(last, came);
                return;
            }
        }
        throw context.violation("more than 10000 frames, and not that one");
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
