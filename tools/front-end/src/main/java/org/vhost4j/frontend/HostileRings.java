// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.vhost4j.device.driver.PackedDriver.AVAIL;
import static org.vhost4j.device.driver.RingDriver.INDIRECT;
import static org.vhost4j.device.driver.RingDriver.NEXT;
import static org.vhost4j.device.driver.RingDriver.WRITE;

import java.util.List;
import java.util.SplittableRandom;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;

/**
 * The catalog of invalid contents of transmit queues. Every back-end must survive them. The tests of this project's back-end also require
 * that it reports the error.
 */
public final class HostileRings {
    private static final int PAGE_BYTES = 4096;
    private static final int RANDOM_DESCRIPTORS = 2000;

    private static final List<HostileRing<SplitDriver>> SPLIT = List.of(
            HostileRing.of(
                    "head-out-of-range",
                    "a head index beyond the descriptor table",
                    ring -> available(ring, ring.size())),
            HostileRing.of("next-out-of-range", "a next field beyond the descriptor table", ring -> {
                ring.rawDescriptor(0, buffer(ring), 64, NEXT, ring.size() + 1);
                available(ring, 0);
            }),
            HostileRing.of("own-next", "a descriptor whose next field is its own index", ring -> {
                ring.rawDescriptor(7, buffer(ring), 64, NEXT, 7);
                available(ring, 7);
            }),
            HostileRing.of("loop", "two descriptors whose next fields form a loop", ring -> {
                ring.rawDescriptor(3, buffer(ring), 64, NEXT, 4);
                ring.rawDescriptor(4, buffer(ring), 64, NEXT, 3);
                available(ring, 3);
            }),
            HostileRing.of("loop-of-nothing", "an empty descriptor whose next field is its own index", ring -> {
                ring.rawDescriptor(3, buffer(ring), 0, NEXT, 3);
                available(ring, 3);
            }),
            HostileRing.of("address-outside", "a buffer outside guest memory", ring -> one(ring, 0x10, 64, 0)),
            HostileRing.of(
                    "address-over-the-end",
                    "a buffer that crosses the end of guest memory",
                    ring -> one(ring, end(ring) - 10, 64, 0)),
            HostileRing.of(
                    "address-wraps",
                    "an address and a length whose sum overflows 64 bits",
                    ring -> one(ring, -16, 32, 0)),
            HostileRing.of("length-4-gib", "a length of 4 GiB - 1", ring -> one(ring, buffer(ring), -1, 0)),
            HostileRing.of("lengths-overflow", "lengths whose sum overflows 32 bits", ring -> {
                for (int i = 0; i < 3; i++) {
                    ring.rawDescriptor(i, ring.memory().guestBase(), 0x7fff_ffff, NEXT, i + 1);
                }
                ring.rawDescriptor(3, ring.memory().guestBase(), 64, 0, 0);
                available(ring, 0);
            }),
            HostileRing.of(
                    "index-jumps",
                    "an available index that jumps by more than the queue's size",
                    ring -> ring.rawAvailIdx(ring.size() + 1)),
            HostileRing.of("index-goes-back", "an available index that decreases", ring -> ring.rawAvailIdx(0xffff)),
            HostileRing.of("writable", "a writable buffer", ring -> one(ring, buffer(ring), 64, WRITE)),
            HostileRing.of("readable-behind-writable", "a readable buffer after a writable one", ring -> {
                ring.rawDescriptor(1, buffer(ring), 64, 0, 0);
                ring.rawDescriptor(0, buffer(ring), 64, WRITE | NEXT, 1);
                available(ring, 0);
            }),
            HostileRing.of("runt", "a chain shorter than the header", ring -> one(ring, buffer(ring), 3, 0)),
            HostileRing.of("nothing", "a chain of 0 bytes", ring -> one(ring, buffer(ring), 0, 0)),
            HostileRing.of(
                    "huge-frame",
                    "a frame as large as guest memory",
                    ring -> one(
                            ring, ring.memory().guestBase(), (int) ring.memory().size(), 0)),
            HostileRing.indirect("indirect-in-indirect", "an indirect table in an indirect table", ring -> {
                long table = ring.tableAddress(0);
                ring.rawTableDescriptor(table, 0, table + 16, 16, INDIRECT, 0);
                one(ring, table, 16, INDIRECT);
            }),
            HostileRing.indirect("indirect-with-next", "an indirect descriptor with the NEXT flag", ring -> {
                ring.rawTableDescriptor(ring.tableAddress(0), 0, buffer(ring), 64, 0, 0);
                ring.rawDescriptor(1, buffer(ring), 64, 0, 0);
                ring.rawDescriptor(0, ring.tableAddress(0), 16, INDIRECT | NEXT, 1);
                available(ring, 0);
            }),
            HostileRing.indirect(
                    "indirect-empty",
                    "an indirect table without entries",
                    ring -> one(ring, ring.tableAddress(0), 0, INDIRECT)),
            HostileRing.indirect(
                    "indirect-part",
                    "an indirect table whose length is not a multiple of an entry",
                    ring -> one(ring, ring.tableAddress(0), 24, INDIRECT)),
            HostileRing.indirect(
                    "indirect-4-gib",
                    "an indirect table of 4 GiB",
                    ring -> one(ring, ring.tableAddress(0), -16, INDIRECT)),
            HostileRing.indirect(
                    "indirect-outside",
                    "an indirect table outside guest memory",
                    ring -> one(ring, 0x1000, 16, INDIRECT)),
            HostileRing.indirect(
                    "indirect-next-out-of-range", "an indirect table with a next field beyond the table", ring -> {
                        ring.rawTableDescriptor(ring.tableAddress(0), 0, buffer(ring), 64, NEXT, 9);
                        one(ring, ring.tableAddress(0), 32, INDIRECT);
                    }),
            HostileRing.indirect("indirect-loop", "an indirect table that contains a loop", ring -> {
                ring.rawTableDescriptor(ring.tableAddress(0), 0, buffer(ring), 64, NEXT, 0);
                one(ring, ring.tableAddress(0), 32, INDIRECT);
            }));

    private static final List<HostileRing<PackedDriver>> PACKED = List.of(
            HostileRing.of("endless-chain", "a chain longer than the queue", ring -> wholeRing(ring, 64)),
            HostileRing.of("endless-chain-of-nothing", "a chain of empty buffers longer than the queue", ring -> {
                wholeRing(ring, 0);
            }),
            HostileRing.of(
                    "chain-without-end",
                    "a chain that continues with a descriptor that is not available",
                    ring -> ring.rawDescriptor(0, buffer(ring), 64, 0, NEXT | AVAIL)),
            HostileRing.of("id-out-of-range", "an id beyond the queue's size", ring -> {
                ring.rawDescriptor(0, buffer(ring), 64, 0xffff, AVAIL);
            }),
            HostileRing.of("address-outside", "a buffer outside guest memory", ring -> one(ring, 0x10, 64, 0)),
            HostileRing.of(
                    "address-over-the-end",
                    "a buffer that crosses the end of guest memory",
                    ring -> one(ring, end(ring) - 10, 64, 0)),
            HostileRing.of(
                    "address-wraps",
                    "an address and a length whose sum overflows 64 bits",
                    ring -> one(ring, -16, 32, 0)),
            HostileRing.of("length-4-gib", "a length of 4 GiB - 1", ring -> one(ring, buffer(ring), -1, 0)),
            HostileRing.of("lengths-overflow", "lengths whose sum overflows 32 bits", ring -> {
                ring.rawDescriptor(2, buffer(ring), 64, 0, AVAIL);
                for (int i = 1; i >= 0; i--) {
                    ring.rawDescriptor(i, ring.memory().guestBase(), 0x7fff_ffff, 0, NEXT | AVAIL);
                }
            }),
            HostileRing.of("writable", "a writable buffer", ring -> one(ring, buffer(ring), 64, WRITE)),
            HostileRing.of("readable-behind-writable", "a readable buffer after a writable one", ring -> {
                ring.rawDescriptor(1, buffer(ring), 64, 0, AVAIL);
                ring.rawDescriptor(0, buffer(ring), 64, 0, WRITE | NEXT | AVAIL);
            }),
            HostileRing.indirect("indirect-with-next", "an indirect descriptor with the NEXT flag", ring -> {
                ring.rawDescriptor(1, buffer(ring), 64, 0, AVAIL);
                ring.rawDescriptor(0, ring.tableAddress(0), 16, 0, INDIRECT | NEXT | AVAIL);
            }),
            HostileRing.indirect("indirect-in-chain", "an indirect descriptor after a direct one", ring -> {
                ring.rawDescriptor(1, ring.tableAddress(0), 16, 0, INDIRECT | AVAIL);
                ring.rawDescriptor(0, buffer(ring), 64, 0, NEXT | AVAIL);
            }),
            HostileRing.indirect(
                    "indirect-empty",
                    "an indirect table without entries",
                    ring -> one(ring, ring.tableAddress(0), 0, INDIRECT)),
            HostileRing.indirect(
                    "indirect-part",
                    "an indirect table whose length is not a multiple of an entry",
                    ring -> one(ring, ring.tableAddress(0), 24, INDIRECT)),
            HostileRing.indirect(
                    "indirect-4-gib",
                    "an indirect table of 4 GiB",
                    ring -> one(ring, ring.tableAddress(0), -16, INDIRECT)),
            HostileRing.indirect(
                    "indirect-outside",
                    "an indirect table outside guest memory",
                    ring -> one(ring, 0x1000, 16, INDIRECT)),
            HostileRing.indirect(
                    "indirect-entry-outside", "an indirect table with a buffer outside guest memory", ring -> {
                        ring.rawTableDescriptor(ring.tableAddress(0), 0, 0x2000, 64, 0, 0);
                        one(ring, ring.tableAddress(0), 16, INDIRECT);
                    }));

    /** Invalid headers for a TCP segment over IPv4 without options, with 54 bytes of headers and 3000 of payload. */
    private static final List<DriverHeader> HEADERS = List.of(
            DriverHeader.partialChecksum(3041, 16),
            DriverHeader.partialChecksum(0xffff, 0xffff),
            DriverHeader.partialChecksum(3053, 2),
            DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 0, 34, 16),
            DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 1000, 3060, 16),
            DriverHeader.superFrame(DriverHeader.GSO_TCPV6, 54, 1000, 34, 16),
            DriverHeader.superFrame(DriverHeader.GSO_UDP_L4, 54, 1000, 34, 6),
            DriverHeader.superFrame(2, 54, 1000, 34, 16),
            DriverHeader.superFrame(0x7f, 54, 1000, 34, 16),
            new DriverHeader(0, DriverHeader.GSO_TCPV4, 54, 1000, 34, 16, 0),
            new DriverHeader(0, DriverHeader.GSO_ECN, 54, 1000, 34, 16, 0));

    private HostileRings() {}

    /**
     * Returns the invalid contents for split queues (virtio 1.4 section 2.7).
     *
     * @return the contents, for queues of at least 16 descriptors
     */
    public static List<HostileRing<SplitDriver>> split() {
        return SPLIT;
    }

    /**
     * Returns the invalid contents for packed queues (virtio 1.4 section 2.8), with both wrap counters at 1.
     *
     * @return the contents, for queues of at least 16 descriptors
     */
    public static List<HostileRing<PackedDriver>> packed() {
        return PACKED;
    }

    /**
     * Returns virtio-net headers that are invalid for {@link #frame}: a device may only drop the frame (virtio 1.4 section 5.1.6.2).
     *
     * @return the headers, one for each rule
     */
    public static List<DriverHeader> headers() {
        return HEADERS;
    }

    /**
     * Builds the frame for which {@link #headers} are invalid.
     *
     * @param builder a builder for TCP over IPv4 whose addresses are set
     * @return a frame of 3054 bytes with a partial checksum
     */
    public static byte[] frame(PacketBuilder builder) {
        return builder.payload(3000, 1).partial();
    }

    /**
     * Writes descriptors, entries and indices at random while the device reads them, and kicks after each write. Most values are valid, so
     * that the device keeps running for a while.
     *
     * @param driver a driver with a split queue of 256 descriptors; its transmit queue 0 is unusable afterwards
     * @param random the source of all random values
     */
    public static void scribble(NetDriver driver, SplittableRandom random) {
        FrontEndQueue queue = driver.transmitQueue(0);
        SplitDriver ring = queue.splitRing();
        long base = driver.ram().guestAddress();
        for (int i = 0; i < RANDOM_DESCRIPTORS; i++) {
            int flags = random.nextInt(50) == 0 ? random.nextInt(8) : random.nextInt(2);
            long address = random.nextInt(50) == 0 ? random.nextLong() : base + random.nextInt(1 << 22);
            ring.rawDescriptor(random.nextInt(256), address, random.nextInt(2000), flags, random.nextInt(256));
            ring.rawAvailEntry(i, random.nextInt(256));
            ring.rawAvailIdx(i + (random.nextInt(500) == 0 ? 300 : 1));
            queue.kick().signal();
        }
    }

    private static void one(SplitDriver ring, long address, int length, int flags) {
        ring.rawDescriptor(0, address, length, flags, 0);
        available(ring, 0);
    }

    private static void one(PackedDriver ring, long address, int length, int flags) {
        ring.rawDescriptor(0, address, length, 0, flags | AVAIL);
    }

    /** Writes descriptors from the last to the first, so that the device sees none before all are written. */
    private static void wholeRing(PackedDriver ring, int length) {
        for (int i = ring.size() - 1; i >= 0; i--) {
            ring.rawDescriptor(i, buffer(ring), length, 0, NEXT | AVAIL);
        }
    }

    private static void available(SplitDriver ring, int head) {
        ring.rawAvailEntry(0, head);
        ring.rawAvailIdx(1);
    }

    private static long end(RingDriver ring) {
        return ring.memory().guestBase() + ring.memory().size();
    }

    /** Allocates guest memory that nothing else uses. */
    private static long buffer(RingDriver ring) {
        return end(ring) - PAGE_BYTES;
    }
}
