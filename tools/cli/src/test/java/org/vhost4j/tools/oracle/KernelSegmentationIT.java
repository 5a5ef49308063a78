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
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.offload.RecordingPort;
import org.vhost4j.device.offload.SuperFrame;
import org.vhost4j.sys.Errno;

/**
 * Our engine against the running kernel's: the same super-frame through both, byte for byte. Needs root, {@code
 * /dev/net/tun} and iproute2. A kernel without UDP super-frames (before 6.2) is asked about TCP only, one that takes 64
 * datagrams about no more.
 *
 * <p>Where the two differ on purpose in what they make of a good frame, {@link KernelDifference} has a name for it, and this:
 *
 * <ul>
 *   <li>The kernel trusts the checksum seed of any sender, and the length in the UDP header; we compute the pseudo-header from
 *       the addresses and the frame, so that a wrong seed or length does not spoil every segment. With IPv4 options or IPv6
 *       extension headers we trust the seed, too, as the addresses may not be the final ones.
 *   <li>The kernel always cuts a super-frame after two VLAN tags; we hand it on whole to a port that takes its kind.
 *   <li>The kernel cuts without asking: IP fragments, packets whose version is not that of their Ethernet type, IP packets
 *       beyond 65535 bytes, headers after three VLAN tags or beyond 256 bytes, TCP without {@code NEEDS_CSUM} (which virtio
 *       demands), any number of TCP segments. We refuse these, so that they are named and counted instead of becoming what
 *       no receiver can use.
 *   <li>When TCP options and payload together are larger than {@code gso_size}, but the payload is not, the kernel drops the
 *       frame; we send it as the one segment that it is.
 *   <li>A super-frame of less than {@code gso_size} after a TCP header without options is passed by the kernel as a plain
 *       frame even if its other headers are broken; we refuse it.
 *   <li>A tunnel's super-frame that makes a single segment may be lost in the kernel; we finish it and send it.
 * </ul>
 */
class KernelSegmentationIT {
    private static final int ROUNDS = 800;
    private static final int TUNNELS = Offloads.UDP_TUNNEL | Offloads.UDP_TUNNEL_CSUM;

    private static BridgedTaps kernel;

    /** How many datagrams the kernel takes in one super-frame; 0 when it knows none. */
    private static int maxDatagrams;

    private final OffloadEngine engine = new OffloadEngine();

    @BeforeAll
    static void open() {
        kernel = new BridgedTaps();
        maxDatagrams = 128;
        while (maxDatagrams > 0 && !kernelTakesDatagrams(maxDatagrams)) {
            maxDatagrams /= 2;
        }
    }

    private static boolean kernelTakesDatagrams(int datagrams) {
        SuperFrame packet = SuperFrame.datagrams(datagrams, 100);
        Frame header = new Frame();
        packet.writeHeader(header);
        boolean taken = kernel.write(header, packet.bytes()) == 0;
        kernel.received();
        return taken;
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

    @Test
    void completedChecksums() {
        kernel.setOffload(0);
        SplittableRandom random = new SplittableRandom(4);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = new byte[60 + random.nextInt(1455)];
            random.nextBytes(bytes);
            System.arraycopy(BridgedTaps.ADDRESSES, 0, bytes, 0, BridgedTaps.ADDRESSES.length);
            int start = 34 + random.nextInt(bytes.length - 36);
            int offset = random.nextInt(Math.min(20, bytes.length - start - 1));
            if (round % 3 == 0) {
                // What is summed comes to 0xffff, so that the result is 0 before it is mangled.
                Arrays.fill(bytes, start, bytes.length, (byte) 0);
                bytes[start + offset] = (byte) 0xff;
                bytes[start + offset + 1] = (byte) 0xff;
            }
            Frame header = new Frame();
            header.flags = Frame.NEEDS_CSUM;
            header.checksumStart = start;
            header.checksumOffset = offset;

            RecordingPort port = new RecordingPort(0);
            try (Arena arena = Arena.ofConfined()) {
                Frame frame = new Frame();
                Frames.scatter(arena, frame, bytes, random, 1 + random.nextInt(5));
                frame.flags = header.flags;
                frame.checksumStart = start;
                frame.checksumOffset = offset;
                assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);
            }
            assertThat(kernel.write(header, bytes)).isZero();

            assertThat(port.delivered.stream().map(Seen::of).map(Seen::toString))
                    .as("round %d: %d bytes from %d, field at +%d", round, bytes.length, start, offset)
                    .isEqualTo(kernel.received().stream()
                            .map(Seen::ofTap)
                            .map(Seen::toString)
                            .toList());
        }
    }

    @Test
    void ipFragments() {
        for (int mask : new int[] {0, Offloads.CSUM, Offloads.ALL & ~Offloads.UFO}) {
            int accepts = known(mask);
            SplittableRandom random = new SplittableRandom(5 + mask);
            for (int round = 0; round < ROUNDS / 2; round++) {
                SuperFrame packet = SuperFrame.randomUfo(random, round % 10 == 0 ? 60_000 : 2000);
                if (packet.fragmentable() == packet.transport()) {
                    compare(packet, accepts, random, round);
                } else {
                    kernelRepeatsOptionsOfTheDestination(packet);
                }
            }
        }
    }

    /**
     * Destination options after a routing header are for the final destination and belong into the first fragment only. The kernel
     * has them in each, after the fragment header, where they become part of the data.
     */
    private void kernelRepeatsOptionsOfTheDestination(SuperFrame packet) {
        Frame header = new Frame();
        packet.writeHeader(header);
        assertThat(kernel.write(header, packet.bytes())).isZero();
        int from = packet.fragmentable() + 8;
        int to = packet.transport() + 8;
        byte[] options = Arrays.copyOfRange(packet.bytes(), packet.fragmentable(), packet.transport());
        assertThat(kernel.received()).hasSizeGreaterThan(1).allSatisfy(read -> {
            byte[] fragment = Seen.ofTap(read).bytes();
            assertThat(Arrays.copyOfRange(fragment, from, to)).isEqualTo(options);
        });
    }

    @Test
    void tunnels() {
        if (!kernel.knows(Offloads.ALL_WITH_TUNNELS)) {
            SuperFrame packet = SuperFrame.randomTunnel(new SplittableRandom(6), 2000, 1);
            Frame header = new Frame();
            packet.writeHeader(header);
            assertThat(kernel.write(header, packet.bytes()))
                    .as("a kernel before 6.17 refuses what the probe says it does not know")
                    .isEqualTo(-Errno.EINVAL);
            return;
        }
        int[] masks = {
            0,
            Offloads.CSUM,
            Offloads.ALL,
            Offloads.ALL_WITH_TUNNELS & ~Offloads.UDP_TUNNEL_CSUM,
            Offloads.ALL_WITH_TUNNELS,
            Offloads.CSUM | Offloads.TSO4 | TUNNELS,
        };
        for (int mask : masks) {
            int accepts = known(mask);
            SplittableRandom random = new SplittableRandom(6 + mask);
            // As with all super-frames: after two tags the kernel always cuts.
            int vlans = (mask & Offloads.UDP_TUNNEL) == 0 ? 3 : 2;
            for (int round = 0; round < ROUNDS / 2; round++) {
                compare(
                        SuperFrame.randomTunnel(random, round % 10 == 0 ? 60_000 : 2000, vlans),
                        accepts,
                        random,
                        round);
            }
        }
    }

    private int known(int mask) {
        // A kernel without UDP super-frames refuses to be asked for them, too.
        int accepts = maxDatagrams == 0 ? mask & ~(Offloads.USO4 | Offloads.USO6) : mask;
        kernel.setOffload(accepts);
        return accepts;
    }

    private void compare(SuperFrame packet, int accepts, SplittableRandom random, int round) {
        String what = String.format("round %d, receiver takes 0x%x: %s", round, accepts, packet);
        List<Seen> ours = ours(packet, accepts, random);

        Frame header = new Frame();
        packet.writeHeader(header);
        assertThat(kernel.write(header, packet.bytes())).as(what).isZero();
        List<Seen> theirs = kernel.received().stream().map(Seen::ofTap).toList();

        List<Seen> expected = KernelDifference.expected(ours, packet);
        List<Seen> made = KernelDifference.comparable(theirs, packet);
        assertThat(made).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            // As text, which prints both sides whole and compares the bytes.
            assertThat(made.get(i))
                    .as("frame %d, %s", i, what)
                    .hasToString(expected.get(i).toString());
        }
    }

    private void compare(int mask, long seed, int vlans) {
        int accepts = known(mask);
        SplittableRandom random = new SplittableRandom(seed);
        int rounds = vlans == 3 ? ROUNDS : ROUNDS / 5;
        for (int round = 0; round < rounds; round++) {
            compare(next(random, vlans), accepts, random, round);
        }
    }

    private static SuperFrame next(SplittableRandom random, int vlans) {
        while (true) {
            boolean lies = random.nextInt(4) == 0;
            SuperFrame packet = SuperFrame.random(random, random.nextInt(10) == 0 ? 60_000 : 2000, vlans, lies);
            if (!packet.isUdp() || (!lies && packet.segments() <= maxDatagrams)) {
                return packet;
            }
        }
    }

    private List<Seen> ours(SuperFrame packet, int accepts, SplittableRandom random) {
        RecordingPort port = new RecordingPort(accepts);
        try (Arena arena = Arena.ofConfined()) {
            Frame frame = packet.frame(arena, random, 1 + random.nextInt(5));
            assertThat(engine.check(frame, Offloads.ALL_WITH_TUNNELS)).isNull();
            assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);
        }
        List<Seen> seen = new ArrayList<>();
        for (RecordingPort.Delivered frame : port.delivered) {
            seen.add(Seen.of(frame));
        }
        return seen;
    }
}
