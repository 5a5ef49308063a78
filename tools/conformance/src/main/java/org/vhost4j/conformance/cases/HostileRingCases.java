// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import static org.vhost4j.device.driver.RingDriver.INDIRECT;
import static org.vhost4j.device.driver.RingDriver.NEXT;
import static org.vhost4j.device.driver.RingDriver.WRITE;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.PacketBuilder;

/**
 * Rings and headers that no driver should write. A device may stop, and a back-end may end the connection; the suite itself checks
 * after every case that it serves the next one.
 */
public final class HostileRingCases implements CaseGroup {
    private static final int AVAILABLE = PackedDriver.AVAIL;

    @Override
    public String title() {
        return "Rings and headers that must be survived";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>(List.of(
                split("head-out-of-range", "a head beyond the table", ring -> available(ring, 999)),
                split("next-out-of-range", "a next beyond the table", ring -> {
                    ring.rawDescriptor(0, buffer(ring), 64, NEXT, 999);
                    available(ring, 0);
                }),
                split("loop", "two descriptors that name each other", ring -> {
                    ring.rawDescriptor(3, buffer(ring), 64, NEXT, 4);
                    ring.rawDescriptor(4, buffer(ring), 64, NEXT, 3);
                    available(ring, 3);
                }),
                split("loop-of-nothing", "an empty descriptor that is its own next", ring -> {
                    ring.rawDescriptor(3, buffer(ring), 0, NEXT, 3);
                    available(ring, 3);
                }),
                split("address-outside", "a buffer outside memory", ring -> {
                    ring.rawDescriptor(0, 0x10, 64, 0, 0);
                    available(ring, 0);
                }),
                split("address-over-the-end", "a buffer over the end of memory", ring -> {
                    ring.rawDescriptor(
                            0, ring.memory().guestBase() + ring.memory().size() - 10, 64, 0, 0);
                    available(ring, 0);
                }),
                split("address-wraps", "an address and a length that wrap", ring -> {
                    ring.rawDescriptor(0, -16, 32, 0, 0);
                    available(ring, 0);
                }),
                split("length-4-gib", "a length of 4 GiB - 1", ring -> {
                    ring.rawDescriptor(0, buffer(ring), -1, 0, 0);
                    available(ring, 0);
                }),
                split("lengths-overflow", "lengths whose sum overflows 32 bits", ring -> {
                    for (int i = 0; i < 3; i++) {
                        ring.rawDescriptor(i, ring.memory().guestBase(), 0x7fff_ffff, NEXT, i + 1);
                    }
                    ring.rawDescriptor(3, ring.memory().guestBase(), 64, 0, 0);
                    available(ring, 0);
                }),
                split(
                        "index-jumps",
                        "an available index that jumps by more than the queue's size",
                        ring -> ring.rawAvailIdx(0x4000)),
                split("index-goes-back", "an available index that goes back", ring -> ring.rawAvailIdx(0xffff)),
                split("writable", "a writable buffer", ring -> {
                    ring.rawDescriptor(0, buffer(ring), 64, WRITE, 0);
                    available(ring, 0);
                }),
                split("runt", "a chain shorter than the header", ring -> {
                    ring.rawDescriptor(0, buffer(ring), 3, 0, 0);
                    available(ring, 0);
                }),
                split("nothing", "a chain of no bytes", ring -> {
                    ring.rawDescriptor(0, buffer(ring), 0, 0, 0);
                    available(ring, 0);
                }),
                split("huge-frame", "a frame of 8 MiB", ring -> {
                    ring.rawDescriptor(
                            0, ring.memory().guestBase(), (int) ring.memory().size(), 0, 0);
                    available(ring, 0);
                }),
                indirect("indirect-in-indirect", "an indirect table in an indirect table", ring -> {
                    long table = ring.tableAddress(0);
                    ring.rawTableDescriptor(table, 0, table + 16, 16, INDIRECT, 0);
                    ring.rawDescriptor(0, table, 16, INDIRECT, 0);
                    available(ring, 0);
                }),
                indirect("indirect-empty", "an indirect table without an entry", ring -> {
                    ring.rawDescriptor(0, ring.tableAddress(0), 0, INDIRECT, 0);
                    available(ring, 0);
                }),
                indirect("indirect-4-gib", "an indirect table of 4 GiB", ring -> {
                    ring.rawDescriptor(0, ring.tableAddress(0), -16, INDIRECT, 0);
                    available(ring, 0);
                }),
                indirect("indirect-outside", "an indirect table outside memory", ring -> {
                    ring.rawDescriptor(0, 0x1000, 16, INDIRECT, 0);
                    available(ring, 0);
                }),
                indirect("indirect-loop", "an indirect table that runs in a circle", ring -> {
                    ring.rawTableDescriptor(ring.tableAddress(0), 0, buffer(ring), 64, NEXT, 0);
                    ring.rawDescriptor(0, ring.tableAddress(0), 32, INDIRECT, 0);
                    available(ring, 0);
                }),
                packed(
                        "address-outside",
                        "a buffer outside memory",
                        ring -> ring.rawDescriptor(0, 0x10, 64, 0, AVAILABLE)),
                packed(
                        "id-out-of-range",
                        "an id beyond the queue's size",
                        ring -> ring.rawDescriptor(0, packedBuffer(ring), 64, 0xffff, AVAILABLE)),
                packed(
                        "length-4-gib",
                        "a length of 4 GiB - 1",
                        ring -> ring.rawDescriptor(0, packedBuffer(ring), -1, 0, AVAILABLE)),
                packed("endless-chain", "a chain longer than the queue", ring -> {
                    for (int i = ring.size() - 1; i >= 0; i--) {
                        ring.rawDescriptor(i, packedBuffer(ring), 64, 0, AVAILABLE | NEXT);
                    }
                }),
                packed(
                        "indirect-outside",
                        "an indirect table outside memory",
                        ring -> ring.rawDescriptor(0, 0x1000, 16, 0, AVAILABLE | INDIRECT))));
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

    private static Case split(String name, String what, Consumer<SplitDriver> act) {
        return Case.of("hostile-ring." + name, "robustness", what + " is survived", context -> {
            NetDriver driver = context.attach(context.setup());
            context.note("%s in a transmit queue, and a kick", what);
            act.accept(driver.transmitQueue(0).splitRing());
            kickAndLook(context, driver);
        });
    }

    private static Case indirect(String name, String what, Consumer<SplitDriver> act) {
        return split(name, what, act).needs(Feature.INDIRECT_DESC);
    }

    private static Case packed(String name, String what, Consumer<PackedDriver> act) {
        return Case.of("hostile-ring." + name, "robustness", what + " is survived", context -> {
                    NetDriver driver = context.attach(context.setup());
                    context.note("%s in a transmit queue, and a kick", what);
                    act.accept(driver.transmitQueue(0).packedRing());
                    kickAndLook(context, driver);
                })
                .onPacked();
    }

    private static void kickAndLook(CaseContext context, NetDriver driver) {
        driver.transmitQueue(0).kick().signal();
        // Time for the back-end to read it, and to fall over it.
        driver.frontEnd().socket().awaitClosed(context.quiet());
    }

    private static void available(SplitDriver ring, int head) {
        ring.rawAvailEntry(0, head);
        ring.rawAvailIdx(1);
    }

    /** A place in guest memory that nothing else uses. */
    private static long buffer(SplitDriver ring) {
        return ring.memory().guestBase() + ring.memory().size() - 4096;
    }

    private static long packedBuffer(PackedDriver ring) {
        return ring.memory().guestBase() + ring.memory().size() - 4096;
    }

    private static void headers(CaseContext context) {
        sendLies(context, context.attach(context.setup()));
    }

    private static void sendLies(CaseContext context, NetDriver driver) {
        byte[] frame =
                CaseContext.addressed(PacketBuilder.tcp4()).payload(3000, 1).partial();
        DriverHeader[] lies = {
            DriverHeader.partialChecksum(3041, 16),
            DriverHeader.partialChecksum(0xffff, 0xffff),
            DriverHeader.partialChecksum(3053, 2),
            DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 0, 34, 16),
            DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 0xffff, 1000, 34, 16),
            DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 1000, 3060, 16),
            DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 1, 34, 16),
            DriverHeader.superFrame(DriverHeader.GSO_TCPV6, 54, 1000, 34, 16),
            DriverHeader.superFrame(DriverHeader.GSO_UDP_L4, 54, 1000, 34, 6),
            DriverHeader.superFrame(2, 54, 1000, 34, 16),
            DriverHeader.superFrame(0x7f, 54, 1000, 34, 16),
            new DriverHeader(0, DriverHeader.GSO_TCPV4, 54, 1000, 34, 16, 0),
        };
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
        SplittableRandom random = new SplittableRandom(2);
        for (int round = 0; round < 8; round++) {
            try (NetDriver driver = context.attach(context.setup())) {
                FrontEndQueue queue = driver.transmitQueue(0);
                SplitDriver ring = queue.splitRing();
                long base = driver.ram().guestAddress();
                context.note("connection %d: 2000 random descriptors", round + 1);
                for (int i = 0; i < 2000; i++) {
                    // Mostly what a device takes, so that it goes on for a while.
                    int flags = random.nextInt(50) == 0 ? random.nextInt(8) : random.nextInt(2);
                    long address = random.nextInt(50) == 0 ? random.nextLong() : base + random.nextInt(1 << 22);
                    ring.rawDescriptor(random.nextInt(256), address, random.nextInt(2000), flags, random.nextInt(256));
                    ring.rawAvailEntry(i, random.nextInt(256));
                    ring.rawAvailIdx(i + (random.nextInt(500) == 0 ? 300 : 1));
                    queue.kick().signal();
                }
            }
        }
    }
}
