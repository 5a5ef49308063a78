// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.net.Frame;
import org.vhost4j.device.net.NetPort;
import org.vhost4j.device.net.Offloads;
import org.vhost4j.device.packet.OffloadEngine;
import org.vhost4j.device.packet.RecordingPort;
import org.vhost4j.device.packet.SuperFrame;

/**
 * Our engine against the running kernel's: the same super-frame through both, byte for byte. Needs root, {@code
 * /dev/net/tun} and iproute2.
 *
 * <p>Where the two differ on purpose, and why:
 *
 * <ul>
 *   <li>The kernel trusts the sender's checksum seed, and for UDP the length in the UDP header; we compute the pseudo-header
 *       from the addresses and the frame, so that a sender's wrong seed or length does not spoil every segment.
 *   <li>The kernel always cuts a super-frame behind two VLAN tags; we hand it on whole to a port that takes its kind.
 * </ul>
 */
class KernelSegmentationIT {
    private static final int ROUNDS = 800;

    private static BridgedTaps kernel;

    private final OffloadEngine engine = new OffloadEngine();

    @BeforeAll
    static void open() {
        kernel = new BridgedTaps();
    }

    @AfterAll
    static void close() {
        kernel.close();
    }

    @Test
    void segmentsWithCompleteChecksums() {
        compare(0, 1, 3);
    }

    @Test
    void segmentsWithPartialChecksums() {
        compare(Offloads.CSUM, 2, 3);
    }

    @Test
    void anySetOfOffloads() {
        int[] masks = {
            Offloads.CSUM | Offloads.TSO4,
            Offloads.CSUM | Offloads.TSO6,
            Offloads.CSUM | Offloads.TSO4 | Offloads.TSO6,
            Offloads.CSUM | Offloads.TSO4 | Offloads.TSO6 | Offloads.ECN,
            Offloads.CSUM | Offloads.USO4 | Offloads.USO6,
            Offloads.CSUM | Offloads.TSO4 | Offloads.ECN | Offloads.USO4 | Offloads.USO6,
            Offloads.ALL,
        };
        for (int mask : masks) {
            compare(mask, 100 + mask, 2);
        }
    }

    private void compare(int accepts, long seed, int vlans) {
        kernel.setOffload(accepts);
        SplittableRandom random = new SplittableRandom(seed);
        int rounds = vlans == 3 ? ROUNDS : ROUNDS / 5;
        for (int round = 0; round < rounds; round++) {
            SuperFrame packet = SuperFrame.random(random, random.nextInt(10) == 0 ? 60_000 : 2000, vlans, false);
            String what = String.format("round %d, receiver takes 0x%x: %s", round, accepts, packet);
            List<Seen> ours = ours(packet, accepts, random);

            Frame header = new Frame();
            packet.writeHeader(header);
            assertThat(kernel.write(header, packet.bytes())).as(what).isZero();
            List<Seen> theirs = kernel.received().stream().map(Seen::ofTap).toList();

            assertThat(theirs).as(what).hasSameSizeAs(ours);
            for (int i = 0; i < ours.size(); i++) {
                assertThat(ours.get(i)).as("frame %d, %s", i, what).isEqualTo(theirs.get(i));
            }
        }
    }

    private List<Seen> ours(SuperFrame packet, int accepts, SplittableRandom random) {
        RecordingPort port = new RecordingPort(accepts);
        try (Arena arena = Arena.ofConfined()) {
            Frame frame = packet.frame(arena, random, 1 + random.nextInt(5));
            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            assertThat(engine.deliver(frame, port)).isEqualTo(NetPort.DELIVERED);
        }
        List<Seen> seen = new ArrayList<>();
        for (RecordingPort.Delivered frame : port.delivered) {
            seen.add(Seen.of(frame));
        }
        return seen;
    }

    /** A frame and what its header says, without the length hint, in a form that compares and prints well. */
    private record Seen(int flags, int gsoType, int gsoSize, int checksumStart, int checksumOffset, String bytes) {
        static Seen of(RecordingPort.Delivered frame) {
            return new Seen(
                    frame.flags,
                    frame.gsoType,
                    frame.gsoSize,
                    frame.checksumStart,
                    frame.checksumOffset,
                    Arrays.toString(frame.bytes));
        }

        static Seen ofTap(byte[] read) {
            return new Seen(
                    read[0],
                    read[1] & 0xff,
                    le16(read, 4),
                    le16(read, 6),
                    le16(read, 8),
                    Arrays.toString(Arrays.copyOfRange(read, Tap.HEADER_BYTES, read.length)));
        }

        private static int le16(byte[] bytes, int at) {
            return (bytes[at] & 0xff) | (bytes[at + 1] & 0xff) << 8;
        }
    }
}
