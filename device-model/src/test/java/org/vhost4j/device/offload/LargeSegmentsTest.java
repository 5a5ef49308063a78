// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

/**
 * Tests random connections whose MSS option was raised and whose far end sends large packets. The description of a
 * failure has the seed.
 */
class LargeSegmentsTest {
    private static final int ROUNDS = 3000;
    private static final int ETHERNET = 14;
    private static final int SYN = 0x02;
    private static final int ACK = 0x10;
    private static final int PSH_ACK = 0x18;

    private final LargeSegments segments = new LargeSegments();
    private final OffloadEngine engine = new OffloadEngine();

    /** Creates the packets of a connection, from either end. */
    private static final class Connection {
        final boolean ipv6;
        final byte[] near;
        final byte[] far;
        final int nearPort;
        final int farPort;

        Connection(SplittableRandom random) {
            ipv6 = random.nextBoolean();
            near = new byte[ipv6 ? 16 : 4];
            far = new byte[near.length];
            random.nextBytes(near);
            random.nextBytes(far);
            nearPort = random.nextInt(65536);
            farPort = random.nextInt(65536);
        }

        int transport() {
            return ETHERNET + (ipv6 ? 40 : 20);
        }

        /** Returns a packet with a complete or a partial checksum. */
        byte[] packet(boolean fromNear, int flags, byte[] options, byte[] payload, boolean partial) {
            int tcpBytes = 20 + options.length + payload.length;
            ByteBuffer b = ByteBuffer.allocate(transport() + tcpBytes);
            b.position(12);
            b.putShort((short) (ipv6 ? 0x86dd : 0x0800));
            byte[] from = fromNear ? near : far;
            byte[] to = fromNear ? far : near;
            if (ipv6) {
                b.putInt(0x60000000).putShort((short) tcpBytes).put((byte) 6).put((byte) 64);
            } else {
                b.putShort((short) 0x4500).putShort((short) (20 + tcpBytes)).putInt(0x4000);
                b.put((byte) 64).put((byte) 6).putShort((short) 0);
            }
            b.put(from).put(to);
            b.putShort((short) (fromNear ? nearPort : farPort)).putShort((short) (fromNear ? farPort : nearPort));
            b.putInt(1_000_000).putInt(2_000_000);
            b.put((byte) (((20 + options.length) / 4) << 4))
                    .put((byte) flags)
                    .putShort((short) 0x1000)
                    .putInt(0);
            b.put(options).put(payload);
            byte[] bytes = b.array();
            if (!ipv6) {
                b.putShort(ETHERNET + 10, (short) ~SuperFrame.sum(bytes, ETHERNET, ETHERNET + 20));
            }
            int sum = SuperFrame.sum(bytes, ETHERNET + (ipv6 ? 8 : 12), transport()) + 6 + tcpBytes;
            if (!partial) {
                sum += SuperFrame.sum(bytes, transport(), bytes.length);
            }
            sum = (sum & 0xffff) + (sum >>> 16);
            sum = (sum & 0xffff) + (sum >>> 16);
            b.putShort(transport() + 16, (short) (partial ? sum : ~sum));
            return bytes;
        }
    }

    /** Returns the options of a SYN, with the MSS option at a random offset. */
    private static byte[] options(SplittableRandom random, int mss) {
        List<byte[]> options = new ArrayList<>();
        options.add(new byte[] {2, 4, (byte) (mss >> 8), (byte) mss});
        options.add(random.nextInt(options.size() + 1), new byte[] {3, 3, 7});
        options.add(random.nextInt(options.size() + 1), new byte[] {4, 2});
        if (random.nextBoolean()) {
            options.add(random.nextInt(options.size() + 1), new byte[] {8, 10, 1, 2, 3, 4, 5, 6, 7, 8});
        }
        for (int nops = random.nextInt(4); nops > 0; nops--) {
            options.add(random.nextInt(options.size() + 1), new byte[] {1});
        }
        ByteBuffer all = ByteBuffer.allocate(40);
        options.forEach(all::put);
        while (all.position() % 4 != 0) {
            all.put((byte) 0);
        }
        byte[] bytes = new byte[all.position()];
        all.get(0, bytes);
        return bytes;
    }

    private static Frame frame(
            Arena arena, byte[] bytes, SplittableRandom random, int pieces, boolean partial, int transport) {
        Frame frame = new Frame();
        Frames.scatter(arena, frame, bytes, random, pieces);
        if (partial) {
            frame.flags = Frame.NEEDS_CSUM;
            frame.checksumStart = transport;
            frame.checksumOffset = 16;
        }
        return frame;
    }

    @Test
    void theSegmentSizeIsRaisedAndNothingElseIsChanged() {
        for (long seed = 0; seed < ROUNDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Connection connection = new Connection(random);
            boolean partial = random.nextBoolean();
            int mss = random.nextInt(1, 65536);
            byte[] options = options(random, mss);
            byte[] payload = new byte[random.nextInt(4) == 0 ? random.nextInt(1000) : 0];
            random.nextBytes(payload);
            int flags = random.nextBoolean() ? SYN : SYN | ACK;
            byte[] sent = connection.packet(true, flags, options, payload, partial);
            int least = connection.ipv6 ? 1220 : 536;
            int most = connection.ipv6 ? 65_460 : 65_480;
            byte[] raised = options.clone();
            boolean raises = mss >= least && mss < most;
            if (raises) {
                int at = indexOfMss(options);
                raised[at] = (byte) (most >> 8);
                raised[at + 1] = (byte) most;
            }
            try (Arena arena = Arena.ofConfined()) {
                Frame frame = frame(arena, sent, random, 1 + random.nextInt(8), partial, connection.transport());
                assertThat(engine.check(frame, Offloads.ALL)).isNull();
                Frame result = segments.raise(frame);
                assertThat(Frames.bytes(result))
                        .as("seed %d", seed)
                        .isEqualTo(connection.packet(true, flags, raised, payload, partial));
                assertThat(result != frame).as("seed %d", seed).isEqualTo(raises);
                assertThat(result.needs).isEqualTo(frame.needs);
                assertThat(Frames.bytes(frame)).as("the sender's bytes").isEqualTo(sent);
                RecordingPort port = new RecordingPort(0);
                assertThat(engine.deliver(result, port)).isEqualTo(FramePort.DELIVERED);
                byte[] complete = connection.packet(true, flags, raised, payload, false);
                int field = connection.transport() + 16;
                if (partial && complete[field] == 0 && complete[field + 1] == 0) {
                    // The engine writes 0xffff instead of 0, as Linux does.
                    complete[field] = (byte) 0xff;
                    complete[field + 1] = (byte) 0xff;
                }
                assertThat(port.bytes().getFirst()).isEqualTo(complete);
            }
        }
    }

    private static int indexOfMss(byte[] options) {
        int at = 0;
        while (options[at] != 2) {
            at += options[at] == 1 ? 1 : options[at + 1];
        }
        return at + 2;
    }

    /** The segments of a large packet are those that a far end would have sent that knew the announced MSS. */
    @Test
    void whatComesLargeIsASuperFrameOfTheSizeThatWasAnnounced() {
        for (long seed = 0; seed < ROUNDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Connection connection = new Connection(random);
            int least = connection.ipv6 ? 1220 : 536;
            boolean known = random.nextInt(5) != 0;
            int mss = random.nextInt(least, random.nextBoolean() ? 1461 : 9000);
            byte[] payload = new byte[random.nextInt(random.nextInt(10) == 0 ? 65_400 : 4000)];
            random.nextBytes(payload);
            byte[] options = random.nextBoolean() ? new byte[0] : new byte[] {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
            byte[] came = connection.packet(false, PSH_ACK, options, payload, false);
            try (Arena arena = Arena.ofConfined()) {
                if (known) {
                    segments.raise(frame(
                            arena,
                            connection.packet(true, SYN, options(random, mss), new byte[0], false),
                            random,
                            1,
                            false,
                            0));
                }
                int size = (known ? mss : least) - options.length;
                Frame frame = frame(arena, came, random, 1, false, 0);
                segments.toSuperFrame(frame);
                if (payload.length <= size) {
                    assertThat(frame.gsoType).as("seed %d", seed).isEqualTo(Frame.GSO_NONE);
                    assertThat(frame.needs).isZero();
                    assertThat(Frames.bytes(frame)).isEqualTo(came);
                    continue;
                }
                assertThat(frame.gsoSize).as("seed %d", seed).isEqualTo(size);
                assertThat(frame.gsoType).isEqualTo(connection.ipv6 ? Frame.GSO_TCPV6 : Frame.GSO_TCPV4);
                assertThat(frame.flags).isEqualTo(Frame.NEEDS_CSUM);
                assertThat(Frames.bytes(frame)).isEqualTo(connection.packet(false, PSH_ACK, options, payload, true));
                int needs = frame.needs;
                assertThat(engine.check(frame, Offloads.ALL)).isNull();
                assertThat(frame.needs).isEqualTo(needs);
                RecordingPort port = new RecordingPort(0);
                assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);
                assertThat(port.delivered).hasSize(Math.ceilDiv(payload.length, size));
                assertWhole(connection, port.bytes(), payload, options.length);
            }
        }
    }

    private static void assertWhole(Connection connection, List<byte[]> packets, byte[] payload, int options) {
        ByteBuffer together = ByteBuffer.allocate(payload.length);
        int header = connection.transport() + 20 + options;
        for (byte[] each : packets) {
            int sum = SuperFrame.sum(each, ETHERNET + (connection.ipv6 ? 8 : 12), each.length)
                    + 6
                    + (each.length - connection.transport());
            assertThat(sum % 0xffff).as("checksum").isZero();
            together.put(each, header, each.length - header);
        }
        assertThat(together.array()).isEqualTo(payload);
    }

    /** For a connection that is not in the table any more, segments have the default MSS. */
    @Test
    void manyConnectionsAreRememberedAndTheOldestForgotten() {
        SplittableRandom random = new SplittableRandom(1);
        List<Connection> all = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            for (int i = 0; i < 3 * MssTable.CONNECTIONS; i++) {
                Connection connection = new Connection(random);
                all.add(connection);
                segments.raise(frame(
                        arena,
                        connection.packet(true, SYN, options(random, 1400), new byte[0], false),
                        random,
                        1,
                        false,
                        0));
            }
            int remembered = 0;
            for (Connection connection : all) {
                Frame frame = frame(
                        arena, connection.packet(false, ACK, new byte[0], new byte[3000], false), random, 1, false, 0);
                segments.toSuperFrame(frame);
                assertThat(frame.gsoSize).isIn(1400, connection.ipv6 ? 1220 : 536);
                remembered += frame.gsoSize == 1400 ? 1 : 0;
            }
            assertThat(remembered).isBetween(MssTable.CONNECTIONS * 3 / 4, MssTable.CONNECTIONS);
        }
    }

    @Test
    void whatIsNoDataIsLeftAlone() {
        SplittableRandom random = new SplittableRandom(2);
        Connection connection = new Connection(random);
        try (Arena arena = Arena.ofConfined()) {
            for (int flags : new int[] {0x12, 0x14, 0x30}) {
                byte[] bytes = connection.packet(false, flags, new byte[0], new byte[3000], false);
                Frame frame = frame(arena, bytes, random, 1, false, 0);
                segments.toSuperFrame(frame);
                assertThat(frame.gsoType).isZero();
                assertThat(Frames.bytes(frame)).isEqualTo(bytes);
            }
            byte[] wrongLength = connection.packet(false, ACK, new byte[0], new byte[3000], false);
            wrongLength[ETHERNET + (connection.ipv6 ? 5 : 3)]++;
            Frame frame = frame(arena, wrongLength, random, 1, false, 0);
            segments.toSuperFrame(frame);
            assertThat(frame.gsoType).isZero();
            byte[] data = connection.packet(true, ACK, options(random, 1460), new byte[0], false);
            Frame plain = frame(arena, data, random, 2, false, 0);
            assertThat(segments.raise(plain)).isSameAs(plain);
        }
    }
}
