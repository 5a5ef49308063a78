// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

/** Tests that the segments of coalesced frames are the original frames: byte by byte and in the same order. */
class CoalescerTest {
    private static final int ROUNDS = 400;

    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(41);
    private final OffloadEngine engine = new OffloadEngine();
    private final LandingRecorder port = new LandingRecorder(Offloads.ALL, arena, random);
    private final Coalescer coalescer = new Coalescer(port, engine);

    /** Whether the frames of the round have partial checksums. */
    private boolean partial;

    @AfterEach
    void close() {
        arena.close();
    }

    /** A frame on the wire. */
    private static final class Sent {
        final byte[] bytes;
        final int flags;
        final int checksumStart;
        final int checksumOffset;

        Sent(byte[] bytes, int flags, int checksumStart, int checksumOffset) {
            this.bytes = bytes;
            this.flags = flags;
            this.checksumStart = checksumStart;
            this.checksumOffset = checksumOffset;
        }

        Frame frame(Arena arena, SplittableRandom random) {
            Frame frame = new Frame();
            Frames.scatter(arena, frame, bytes, random, 1 + random.nextInt(3));
            frame.flags = flags;
            frame.checksumStart = checksumStart;
            frame.checksumOffset = checksumOffset;
            return frame;
        }
    }

    private void send(Sent sent) {
        Frame frame = sent.frame(arena, random);
        assertThat(engine.check(frame, Offloads.ALL)).isNull();
        assertThat(coalescer.offer(frame)).isEqualTo(FramePort.DELIVERED);
    }

    /** Returns the segments of a super-frame as a sender without segmentation offload sends them. */
    private static List<Sent> segments(SuperFrame packet, boolean partial) {
        return ReferenceSegmenter.segments(packet, partial).stream()
                .map(bytes -> new Sent(
                        bytes,
                        partial ? Frame.NEEDS_CSUM : 0,
                        partial ? packet.transport : 0,
                        partial ? packet.checksumOffset() : 0))
                .toList();
    }

    private static SuperFrame flow(SplittableRandom random) {
        SuperFrame packet = SuperFrame.random(random, 20_000, 3, false);
        if (random.nextInt(4) != 0) {
            packet.tcpFlags = (packet.tcpFlags & ~0x26) | 0x10;
            packet.ipv4Options = new byte[0];
            packet.extensions = new int[0];
            packet.rerouted = false;
            packet.finalDestination = packet.destination;
            packet.build();
        }
        return packet;
    }

    /** Returns the frames that the port got; super-frames are segmented again. */
    private List<byte[]> cutAgain() {
        List<byte[]> frames = new ArrayList<>();
        for (RecordingPort.Delivered each : port.delivered) {
            Frame frame = new Frame();
            Frames.scatter(arena, frame, each.bytes, random, 2);
            frame.flags = each.flags;
            frame.gsoType = each.gsoType;
            frame.gsoSize = each.gsoSize;
            frame.checksumStart = each.checksumStart;
            frame.checksumOffset = each.checksumOffset;
            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            // Plain frames are compared unchanged, segments with the same kind of checksum as the original frames.
            RecordingPort receiver = new RecordingPort(each.gsoType == 0 || partial ? Offloads.CSUM : 0);
            assertThat(engine.deliver(frame, receiver)).isEqualTo(FramePort.DELIVERED);
            frames.addAll(receiver.bytes());
        }
        return frames;
    }

    @Test
    void cutAgainItIsWhatWentIn() {
        int superFrames = 0;
        for (int round = 0; round < ROUNDS; round++) {
            port.delivered.clear();
            partial = random.nextBoolean();
            List<Sent> burst = new ArrayList<>();
            for (int flows = 1 + random.nextInt(3); flows > 0; flows--) {
                burst.addAll(segments(flow(random), partial));
            }
            disturb(burst);
            burst.forEach(this::send);
            coalescer.close();

            assertThat(cutAgain())
                    .as("round %d", round)
                    .usingElementComparator(Arrays::compare)
                    .isEqualTo(burst.stream().map(sent -> sent.bytes).toList());
            superFrames += (int)
                    port.delivered.stream().filter(each -> each.gsoType != 0).count();
        }
        assertThat(superFrames).isGreaterThan(ROUNDS / 2);
    }

    /** Removes, duplicates, reorders, damages or pads some of the frames. */
    private void disturb(List<Sent> burst) {
        for (int changes = random.nextInt(4); changes > 0 && burst.size() > 2; changes--) {
            int at = random.nextInt(burst.size() - 1);
            Sent sent = burst.get(at);
            switch (random.nextInt(5)) {
                case 0 -> burst.remove(at);
                case 1 -> burst.add(at, sent);
                case 2 -> burst.set(at, burst.set(at + 1, sent));
                case 3 -> burst.set(at, damaged(sent, random.nextInt(sent.bytes.length)));
                default ->
                    burst.set(
                            at,
                            new Sent(
                                    Arrays.copyOf(sent.bytes, sent.bytes.length + 1 + random.nextInt(8)),
                                    sent.flags,
                                    sent.checksumStart,
                                    sent.checksumOffset));
            }
        }
    }

    private static Sent damaged(Sent sent, int at) {
        byte[] bytes = sent.bytes.clone();
        bytes[at] ^= 0x11;
        return new Sent(bytes, sent.flags, sent.checksumStart, sent.checksumOffset);
    }

    /** Returns a super-frame of each kind. */
    static Stream<SuperFrame> kinds() {
        return IntStream.range(0, 8).mapToObj(i -> {
            SuperFrame packet = new SuperFrame();
            packet.ipv6 = (i & 1) != 0;
            packet.udp = (i & 2) != 0;
            packet.vlanTypes = (i & 4) != 0 ? new int[] {0x88a8, 0x8100} : new int[0];
            packet.source = new byte[packet.ipv6 ? 16 : 4];
            packet.destination = new byte[packet.ipv6 ? 16 : 4];
            packet.destination[1] = 9;
            packet.finalDestination = packet.destination;
            packet.tcpOptions = new byte[12];
            packet.tcpFlags = 0x19;
            packet.identification = 0xfffe;
            packet.payload = new byte[9 * 1448 + 17];
            new SplittableRandom(i).nextBytes(packet.payload);
            return packet.build();
        });
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aBurstOfOneFlowIsOneSuperFrame(SuperFrame packet) {
        for (boolean whole : new boolean[] {false, true}) {
            port.delivered.clear();
            segments(packet, !whole).forEach(this::send);
            coalescer.close();

            assertThat(port.bytes()).usingElementComparator(Arrays::compare).containsExactly(packet.bytes);
            RecordingPort.Delivered one = port.delivered.getFirst();
            assertThat(one.gsoType).isEqualTo(packet.gsoType());
            assertThat(one.gsoSize).isEqualTo(1448);
            assertThat(one.flags).isEqualTo(Frame.NEEDS_CSUM);
            assertThat(one.checksumStart).isEqualTo(packet.transport);
            assertThat(one.checksumOffset).isEqualTo(packet.checksumOffset());
        }
        assertThat(engine.counters().get(OffloadCounter.COALESCED)).isEqualTo(20);
        assertThat(engine.counters().get(OffloadCounter.passed(packet.gsoType())))
                .isEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aReceiverThatDoesNotTakeTheKindGetsTheFrames(SuperFrame packet) {
        int kind = packet.udp ? Offloads.USO4 | Offloads.USO6 : Offloads.TSO4 | Offloads.TSO6;
        for (int lacks : new int[] {kind, Offloads.CSUM}) {
            port.delivered.clear();
            port.accepts = Offloads.ALL & ~lacks;
            List<Sent> burst = segments(packet, false);
            burst.forEach(this::send);

            assertThat(port.bytes())
                    .as("at once")
                    .usingElementComparator(Arrays::compare)
                    .isEqualTo(burst.stream().map(sent -> sent.bytes).toList());
        }
        assertThat(engine.counters().get(OffloadCounter.COALESCED)).isZero();
    }

    /** Returns changes of the second of three segments after which it must not be merged with the first. */
    static Stream<Consumer<SuperFrame>> obstacles() {
        return Stream.of(
                p -> p.bytes[0] ^= 2,
                p -> p.bytes[p.network + 1] ^= 4,
                p -> p.bytes[p.network + 1] ^= 3,
                p -> p.bytes[p.network + 5] ^= 1,
                p -> p.bytes[p.network + 6] ^= 0x40,
                p -> p.bytes[p.network + 8] ^= 1,
                p -> p.bytes[p.network + 10] ^= 1,
                p -> p.bytes[p.network + 15] ^= 1,
                p -> p.bytes[p.transport + 1] ^= 1,
                p -> p.bytes[p.transport + 7] ^= 1,
                p -> p.bytes[p.transport + 11] ^= 1,
                p -> p.bytes[p.transport + 12] ^= 1,
                p -> p.bytes[p.transport + 13] ^= 0x40,
                p -> p.bytes[p.transport + 13] ^= 0x02,
                p -> p.bytes[p.transport + 13] ^= 0x04,
                p -> p.bytes[p.transport + 13] ^= 0x20,
                p -> p.bytes[p.transport + 13] ^= (byte) 0x80,
                p -> p.bytes[p.transport + 15] ^= 1,
                p -> p.bytes[p.transport + 16] ^= 1,
                p -> p.bytes[p.transport + 19] ^= 1,
                p -> p.bytes[p.transport + 25] ^= 1,
                p -> p.bytes[p.header + 700] ^= 1,
                p -> p.bytes = Arrays.copyOf(p.bytes, p.bytes.length + 6),
                p -> p.bytes = Arrays.copyOf(p.bytes, p.header));
    }

    @ParameterizedTest
    @MethodSource("obstacles")
    void whatIsNotTheNextSegmentIsNotAdded(Consumer<SuperFrame> obstacle) {
        SuperFrame packet = kinds().findFirst().orElseThrow();
        packet.payload = Arrays.copyOf(packet.payload, 3 * 1448);
        packet.build();
        List<Sent> burst = new ArrayList<>(segments(packet, false));
        packet.bytes = burst.get(1).bytes.clone();
        obstacle.accept(packet);
        burst.set(1, new Sent(packet.bytes, 0, 0, 0));

        burst.forEach(this::send);
        coalescer.close();

        assertThat(port.bytes())
                .usingElementComparator(Arrays::compare)
                .isEqualTo(burst.stream().map(sent -> sent.bytes).toList());
        assertThat(port.delivered).allSatisfy(each -> assertThat(each.flags).isZero());
        assertThat(engine.counters().get(OffloadCounter.COALESCED)).isZero();
    }

    private static SuperFrame part(byte[] payload, int sequence, int identification) {
        SuperFrame packet = kinds().findFirst().orElseThrow();
        packet.tcpFlags = 0x10;
        packet.payload = payload;
        packet.sequence = sequence;
        packet.identification = identification & 0xffff;
        return packet.build();
    }

    /**
     * Returns four segments, with an acknowledgement after the second one. Unless {@code change} changes it, it is a
     * duplicate.
     */
    private static List<Sent> withAcknowledgement(Consumer<SuperFrame> change) {
        List<Sent> burst = new ArrayList<>(segments(part(new byte[2 * 1448], 1, 0xfffe), true));
        SuperFrame ack = part(new byte[0], 1 + 2 * 1448, 0x10000);
        change.accept(ack);
        burst.add(new Sent(ack.bytes, Frame.NEEDS_CSUM, ack.transport, ack.checksumOffset()));
        burst.addAll(segments(part(new byte[2 * 1448], 1 + 2 * 1448, 0x10001), true));
        return burst;
    }

    @Test
    void duplicateAcknowledgementsAreTakenInByAReceiverThatIsTold() {
        port.countsSegments = true;
        withAcknowledgement(ack -> {}).forEach(this::send);
        coalescer.close();

        assertThat(port.delivered).hasSize(1);
        RecordingPort.Delivered one = port.delivered.getFirst();
        assertThat(one.coalesced).isEqualTo(4);
        assertThat(one.duplicateAcks).isEqualTo(1);
        assertThat(one.gsoSize).isEqualTo(1448);
        assertThat(one.bytes).isEqualTo(part(new byte[4 * 1448], 1, 0xfffe).bytes);
        assertThat(engine.counters().get(OffloadCounter.COALESCED)).isEqualTo(5);
    }

    @Test
    void duplicateAcknowledgementsReachAReceiverThatIsNotTold() {
        List<Sent> burst = withAcknowledgement(ack -> {});
        burst.forEach(this::send);
        coalescer.close();

        assertThat(port.delivered.stream().map(each -> each.coalesced)).containsExactly(2, 0, 2);
        assertThat(port.bytes().get(1)).isEqualTo(burst.get(2).bytes);
    }

    /** Returns changes after which an acknowledgement is not a duplicate. */
    static Stream<Consumer<SuperFrame>> news() {
        return Stream.of(
                ack -> ack.bytes[ack.transport + 11] ^= 1,
                ack -> ack.bytes[ack.transport + 15] ^= 1,
                ack -> ack.bytes[ack.transport + 25] ^= 1,
                ack -> ack.bytes[ack.transport + 1] ^= 1,
                rebuilt(ack -> ack.sequence--),
                rebuilt(ack -> ack.sequence++),
                rebuilt(ack -> ack.identification++),
                rebuilt(ack -> ack.tcpFlags = 0x11),
                rebuilt(ack -> ack.tcpFlags = 0x18),
                rebuilt(ack -> ack.tcpFlags = 0x90),
                rebuilt(ack -> ack.tcpFlags = 0x30),
                rebuilt(ack -> ack.tcpOptions = new byte[24]),
                rebuilt(ack -> ack.payload = new byte[1]));
    }

    private static Consumer<SuperFrame> rebuilt(Consumer<SuperFrame> change) {
        return packet -> {
            change.accept(packet);
            packet.build();
        };
    }

    @ParameterizedTest
    @MethodSource("news")
    void anAcknowledgementThatSaysMoreIsAFrameOfItsOwn(Consumer<SuperFrame> change) {
        port.countsSegments = true;
        List<Sent> burst = withAcknowledgement(change);
        burst.forEach(this::send);
        coalescer.close();

        assertThat(port.delivered.size()).isGreaterThan(1);
        assertThat(port.delivered.stream().mapToInt(each -> each.duplicateAcks).sum())
                .isZero();
    }

    @Test
    void acknowledgementsAloneAndDamagedOnesAreFramesOfTheirOwn() {
        port.countsSegments = true;
        List<Sent> burst = withAcknowledgement(ack -> {});
        Sent ack = burst.get(2);
        Sent damaged = damaged(ack, 25);
        for (List<Sent> sent :
                List.of(List.of(ack, ack), List.of(burst.get(1), ack), List.of(burst.get(0), burst.get(1), damaged))) {
            port.delivered.clear();
            sent.forEach(this::send);
            coalescer.close();
            assertThat(port.bytes().getLast()).isEqualTo(sent.getLast().bytes);
            assertThat(port.delivered.getLast().duplicateAcks).isZero();
        }
    }

    @Test
    void pushAndFinEndASuperFrame() {
        SuperFrame packet = kinds().findFirst().orElseThrow();
        for (int flag : new int[] {0x01, 0x08}) {
            packet.tcpFlags = 0x10 | flag;
            packet.sequence = 1;
            packet.build();
            port.delivered.clear();
            segments(packet, true).forEach(this::send);
            assertThat(port.delivered).as("handed over before the burst ends").hasSize(1);
        }
    }

    @Test
    void congestionWindowReducedIsForReceiversThatKnowIt() {
        SuperFrame packet = kinds().findFirst().orElseThrow();
        packet.tcpFlags = 0x90;
        packet.ecn = true;
        packet.build();
        segments(packet, true).forEach(this::send);
        coalescer.close();
        assertThat(port.bytes()).usingElementComparator(Arrays::compare).containsExactly(packet.bytes);
        assertThat(port.delivered.getFirst().gsoType).isEqualTo(Frame.GSO_TCPV4 | Frame.GSO_ECN);

        port.delivered.clear();
        port.accepts = Offloads.ALL & ~Offloads.ECN;
        segments(packet, true).forEach(this::send);
        coalescer.close();
        assertThat(port.delivered).as("the first alone, the rest together").hasSize(2);
    }

    @Test
    void noSuperFrameIsLongerThanIpAllowsOrOf65Datagrams() {
        SuperFrame udp = SuperFrame.datagrams(128, 100);
        segments(udp, false).forEach(this::send);
        coalescer.close();
        assertThat(port.delivered.stream().map(each -> (each.bytes.length - 42) / 100))
                .containsExactly(64, 64);

        port.delivered.clear();
        SuperFrame tcp = kinds().findFirst().orElseThrow();
        tcp.payload = new byte[46 * 1448];
        segments(tcp.build(), false).forEach(this::send);
        coalescer.close();
        assertThat(port.delivered).hasSize(2);
        assertThat(port.delivered.getFirst().bytes.length).isLessThanOrEqualTo(14 + 65535);
    }

    @Test
    void udpWithoutChecksumIsLeftAlone() {
        SuperFrame packet = SuperFrame.datagrams(3, 100);
        List<Sent> burst = segments(packet, false);
        for (Sent sent : burst) {
            SuperFrame.put16(sent.bytes, packet.transport + 6, 0);
            send(sent);
        }
        assertThat(port.bytes())
                .usingElementComparator(Arrays::compare)
                .isEqualTo(burst.stream().map(sent -> sent.bytes).toList());
    }

    @Test
    void buffersThatRunOutHoldUpTheSenderAndLoseNothing() {
        for (int round = 0; round < ROUNDS; round++) {
            port.delivered.clear();
            partial = random.nextBoolean();
            List<Sent> burst = segments(flow(random), partial);
            port.buffers = random.nextInt(10_000);
            for (Sent sent : burst) {
                Frame frame = sent.frame(arena, random);
                assertThat(engine.check(frame, Offloads.ALL)).isNull();
                while (coalescer.offer(frame) == FramePort.NO_ROOM) {
                    coalescer.close();
                    port.buffers = random.nextInt(70_000);
                }
            }
            coalescer.close();

            assertThat(cutAgain())
                    .usingElementComparator(Arrays::compare)
                    .isEqualTo(burst.stream().map(sent -> sent.bytes).toList());
        }
    }

    @Test
    void otherFramesPassInOrder() {
        SuperFrame packet = kinds().findFirst().orElseThrow();
        List<Sent> burst = segments(packet, true);
        send(burst.get(0));
        send(burst.get(1));
        Sent arp = new Sent(new byte[60], 0, 0, 0);
        arp.bytes[12] = 8;
        arp.bytes[13] = 6;
        send(arp);
        assertThat(port.delivered).hasSize(2);
        send(burst.get(2));
        assertThat(coalescer.pass(packet.frame(arena, random, 2))).isEqualTo(FramePort.DELIVERED);

        assertThat(port.delivered.stream().map(each -> each.gsoType)).containsExactly(1, 0, 0, 1);
        assertThat(port.bytes().get(1)).isEqualTo(arp.bytes);
        assertThat(port.bytes().get(2)).isEqualTo(burst.get(2).bytes);
    }
}
