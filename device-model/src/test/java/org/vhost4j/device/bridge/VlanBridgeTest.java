// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.offload.RecordingPort;
import org.vhost4j.device.offload.SuperFrame;

/**
 * Compares a bridge with VLANs with a simple reference bridge, which maps (VLAN, station) to ports and forwards byte
 * arrays.
 */
class VlanBridgeTest {
    private static final List<PortVlan> KINDS = List.of(
            PortVlan.access(1),
            PortVlan.access(2),
            PortVlan.ALL,
            PortVlan.trunk(Set.of(0, 1, 300)),
            PortVlan.trunk(Set.of(2)),
            new PortVlan(PortVlan.Mode.NATIVE_TAGGED, 1, Set.of(2, 300)),
            new PortVlan(PortVlan.Mode.NATIVE_UNTAGGED, 2, Set.of(1)),
            new PortVlan(PortVlan.Mode.NATIVE_UNTAGGED, 300, Set.of()),
            PortVlan.tunnel(1, Set.of(), PortVlan.S_TAG),
            PortVlan.tunnel(2, Set.of(0, 1), PortVlan.C_TAG),
            PortVlan.tunnel(300, Set.of(2), PortVlan.S_TAG));
    private static final int[] TAGS = {-1, -1, -1, 0x0000, 0x6000, 0x0001, 0xe001, 0x0002, 0x012c, 0x1007, 0x0fff};

    /** The reference bridge, according to ovs-vswitchd.conf.db(5), without offloads. */
    private static final class Reference {
        private final List<PortVlan> ports;
        private final Map<String, Integer> table = new HashMap<>();

        Reference(List<PortVlan> ports) {
            this.ports = ports;
        }

        private static boolean carries(PortVlan port, int vlan) {
            return switch (port.mode()) {
                case ACCESS, DOT1Q_TUNNEL -> vlan == port.tag();
                case TRUNK -> port.trunks().isEmpty() || port.trunks().contains(vlan);
                case NATIVE_TAGGED, NATIVE_UNTAGGED ->
                    vlan == port.tag()
                            || port.trunks().isEmpty()
                            || port.trunks().contains(vlan);
            };
        }

        private static boolean tagged(PortVlan port, int vlan) {
            return switch (port.mode()) {
                case ACCESS, DOT1Q_TUNNEL -> false;
                case TRUNK, NATIVE_TAGGED -> vlan != 0;
                case NATIVE_UNTAGGED -> vlan != 0 && vlan != port.tag();
            };
        }

        /** Returns the frame that each port receives; null for a port that receives none. */
        List<byte[]> forward(int from, byte[] frame) {
            List<byte[]> out = new ArrayList<>();
            ports.forEach(port -> out.add(null));
            boolean tag = hasTag(frame);
            if (tag && (frame.length < 18 || (hasTag(without(frame)) && frame.length < 22))) {
                return out;
            }
            int control = control(frame);
            int vlan = control & 0xfff;
            int type = tag ? type(frame) : 0x8100;
            byte[] plain = tag ? without(frame) : frame;
            PortVlan in = ports.get(from);
            if (in.mode() == PortVlan.Mode.DOT1Q_TUNNEL) {
                if (!in.cvlans().isEmpty() && !in.cvlans().contains(vlan)) {
                    return out;
                }
                plain = frame;
                vlan = in.tag();
                control = 0;
                type = in.tpid();
            } else if (vlan == 0) {
                vlan = in.mode() == PortVlan.Mode.TRUNK ? 0 : in.tag();
            } else if (in.mode() == PortVlan.Mode.ACCESS || vlan == 4095) {
                return out;
            }
            if (!carries(in, vlan)) {
                return out;
            }
            table.put(vlan + " " + Arrays.toString(Arrays.copyOfRange(frame, 6, 12)), from);
            boolean group = (frame[0] & 1) != 0;
            Integer to = group ? null : table.get(vlan + " " + Arrays.toString(Arrays.copyOf(frame, 6)));
            for (int i = 0; i < ports.size(); i++) {
                PortVlan port = ports.get(i);
                boolean there = i != from && carries(port, vlan) && carriesInner(port, plain);
                // A trunk would read the inner tag of an untagged frame as its VLAN.
                boolean ambiguous = hasTag(plain)
                        && !tagged(port, vlan)
                        && port.mode() != PortVlan.Mode.DOT1Q_TUNNEL
                        && port.mode() != PortVlan.Mode.ACCESS;
                if (there && !ambiguous && (to == null || to == i)) {
                    out.set(i, tagged(port, vlan) ? with(plain, type, (control & 0xf000) | vlan) : plain);
                }
            }
            return out;
        }

        private static boolean carriesInner(PortVlan port, byte[] plain) {
            int inner = control(plain) & 0xfff;
            return switch (port.mode()) {
                case ACCESS -> inner == 0;
                case DOT1Q_TUNNEL -> port.cvlans().isEmpty() || port.cvlans().contains(inner);
                default -> true;
            };
        }
    }

    private static int type(byte[] frame) {
        return (frame[12] & 0xff) << 8 | (frame[13] & 0xff);
    }

    private static boolean hasTag(byte[] frame) {
        return type(frame) == 0x8100 || type(frame) == 0x88a8;
    }

    private static int control(byte[] frame) {
        return hasTag(frame) ? (frame[14] & 0xff) << 8 | (frame[15] & 0xff) : 0;
    }

    private static byte[] with(byte[] frame, int control) {
        return with(frame, 0x8100, control);
    }

    private static byte[] with(byte[] frame, int type, int control) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(frame, 0, 12);
        out.writeBytes(new byte[] {(byte) (type >>> 8), (byte) type, (byte) (control >>> 8), (byte) control});
        out.write(frame, 12, frame.length - 12);
        return out.toByteArray();
    }

    private static byte[] without(byte[] frame) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(frame, 0, 12);
        out.write(frame, 16, frame.length - 16);
        return out.toByteArray();
    }

    private static byte[] addressed(byte[] frame, int from, int to) {
        byte[] out = frame.clone();
        Arrays.fill(out, 0, 12, (byte) 0);
        out[0] = (byte) (to == 0xff ? 0xff : 2);
        out[5] = (byte) to;
        out[6] = 2;
        out[11] = (byte) from;
        return out;
    }

    private static int type(SplittableRandom random) {
        return random.nextInt(3) == 0 ? 0x88a8 : 0x8100;
    }

    private static byte[] randomFrame(SplittableRandom random) {
        byte[] frame = new byte[random.nextInt(8) == 0 ? 14 + random.nextInt(5) : 60 + random.nextInt(60)];
        random.nextBytes(frame);
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        byte[] tagged = frame;
        int inner = TAGS[random.nextInt(TAGS.length)];
        if (random.nextInt(3) == 0 && inner >= 0) {
            tagged = with(tagged, type(random), inner);
        }
        int control = TAGS[random.nextInt(TAGS.length)];
        if (control >= 0) {
            tagged = with(tagged, type(random), control);
        }
        tagged = Arrays.copyOf(tagged, frame.length);
        return addressed(tagged, 1 + random.nextInt(5), random.nextInt(4) == 0 ? 0xff : 1 + random.nextInt(6));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void framesGoWhereASimpleBridgeSendsThem(boolean together) {
        SplittableRandom random = new SplittableRandom(20261130);
        int delivered = 0;
        for (int round = 0; round < 60; round++) {
            Bridge bridge = new Bridge(new OffloadEngine());
            List<RecordingPort> ports = new ArrayList<>();
            List<PortVlan> vlans = new ArrayList<>();
            for (int i = 2 + random.nextInt(5); i > 0; i--) {
                PortVlan vlan = KINDS.get(random.nextInt(KINDS.size()));
                vlans.add(vlan);
                RecordingPort port = new RecordingPort(Offloads.ALL);
                ports.add(port);
                bridge.add(port, PortRules.NONE.withVlan(vlan));
            }
            if (vlans.stream().allMatch(PortVlan.ALL::equals)) {
                continue;
            }
            Reference reference = new Reference(vlans);
            for (int step = 0; step < 60; step++) {
                int from = random.nextInt(ports.size());
                List<byte[]> sent = new ArrayList<>();
                for (int i = together ? 1 + random.nextInt(6) : 1; i > 0; i--) {
                    boolean again = !sent.isEmpty() && random.nextBoolean();
                    sent.add(again ? sent.getLast() : randomFrame(random));
                }
                List<List<byte[]>> expected = new ArrayList<>();
                ports.forEach(port -> expected.add(new ArrayList<>()));
                for (byte[] frame : sent) {
                    List<byte[]> out = reference.forward(from, frame);
                    for (int i = 0; i < out.size(); i++) {
                        if (out.get(i) != null) {
                            expected.get(i).add(out.get(i));
                        }
                    }
                }
                try (Arena arena = Arena.ofConfined()) {
                    if (together) {
                        FrameBurst burst = burst(arena, sent);
                        assertThat(bridge.forward(ports.get(from), burst)).isEqualTo(sent.size());
                    } else {
                        Frame frame = new Frame();
                        Frames.scatter(arena, frame, sent.getFirst(), random, 1 + random.nextInt(5));
                        assertThat(bridge.forward(ports.get(from), frame)).isEqualTo(FramePort.DELIVERED);
                    }
                    bridge.flush();
                }
                for (int i = 0; i < ports.size(); i++) {
                    assertThat(ports.get(i).delivered)
                            .extracting(each -> each.bytes)
                            .as("port %d of %s after frames from %d", i, vlans, from)
                            .containsExactlyElementsOf(expected.get(i));
                    delivered += expected.get(i).size();
                    ports.get(i).delivered.clear();
                }
            }
        }
        assertThat(delivered).isGreaterThan(1000);
    }

    private static FrameBurst burst(Arena arena, List<byte[]> frames) {
        FrameBurst burst = new FrameBurst();
        for (int i = 0; i < frames.size(); i++) {
            MemorySegment memory = arena.allocate(frames.get(i).length + 4L, 8);
            MemorySegment.copy(frames.get(i), 0, memory, ValueLayout.JAVA_BYTE, 0, frames.get(i).length);
            burst.plain(i, memory.address(), frames.get(i).length, 0);
        }
        burst.count(frames.size());
        return burst;
    }

    /**
     * The segments of a super-frame that enters or leaves a trunk are those of the same super-frame with the tag
     * inserted or removed.
     */
    @ParameterizedTest
    @CsvSource({"false, 1", "true, 1", "false, 1000", "true, 1000"})
    void superFramesAreCutAsTheyLeave(boolean out, int room) {
        SplittableRandom random = new SplittableRandom(7);
        for (int round = 0; round < 300; round++) {
            OffloadEngine engine = new OffloadEngine();
            Bridge bridge = new Bridge(engine);
            RecordingPort trunk = new RecordingPort(0);
            RecordingPort access = new RecordingPort(0);
            bridge.add(trunk, PortRules.NONE);
            bridge.add(access, PortRules.NONE.withVlan(PortVlan.access(5)));
            SuperFrame superFrame = SuperFrame.random(random, 6000, 2, false);
            byte[] untagged = addressed(superFrame.bytes(), 1, 2);
            if (hasTag(untagged)) {
                continue;
            }
            try (Arena arena = Arena.ofConfined()) {
                Frame plain = new Frame();
                Frames.scatter(arena, plain, untagged, random, 1);
                superFrame.writeHeader(plain);
                RecordingPort direct = new RecordingPort(0);
                assertThat(new OffloadEngine().deliver(plain, direct)).isEqualTo(FramePort.DELIVERED);

                Frame sent = new Frame();
                Frames.scatter(arena, sent, out ? untagged : with(untagged, 5), random, 1 + random.nextInt(9));
                superFrame.writeHeader(sent);
                if (!out) {
                    sent.checksumStart += 4;
                    sent.headerLength += 4;
                }
                RecordingPort from = out ? access : trunk;
                RecordingPort to = out ? trunk : access;
                to.room = room;
                int offers = 1;
                while (bridge.forward(from, sent) == FramePort.NO_ROOM) {
                    to.room = room;
                    offers++;
                }
                assertThat(offers > 1).isEqualTo(direct.delivered.size() > room);
                assertThat(to.delivered)
                        .extracting(each -> each.bytes)
                        .containsExactlyElementsOf(direct.delivered.stream()
                                .map(each -> out ? with(each.bytes, 5) : each.bytes)
                                .toList());
                assertThat(sent.segmentsMade).isEqualTo(plain.segmentsMade);
                assertThat(sent.segmentBytes).isEqualTo(plain.segmentBytes + (out ? 4 * direct.delivered.size() : 0));
            }
        }
    }

    @Test
    void offsetsInTheHeaderFollowTheTag() {
        Bridge bridge = new Bridge(new OffloadEngine());
        RecordingPort trunk = new RecordingPort(Offloads.ALL);
        RecordingPort access = new RecordingPort(Offloads.ALL);
        bridge.add(trunk, PortRules.NONE);
        bridge.add(access, PortRules.NONE.withVlan(PortVlan.access(5)));
        SuperFrame superFrame = SuperFrame.datagrams(3, 100);
        byte[] bytes = addressed(superFrame.bytes(), 1, 2);
        try (Arena arena = Arena.ofConfined()) {
            Frame sent = new Frame();
            Frames.scatter(arena, sent, bytes, new SplittableRandom(1), 3);
            superFrame.writeHeader(sent);
            int start = sent.checksumStart;
            assertThat(bridge.forward(access, sent)).isEqualTo(FramePort.DELIVERED);
            RecordingPort.Delivered tagged = trunk.delivered.getFirst();
            assertThat(tagged.bytes).isEqualTo(with(bytes, 5));
            assertThat(tagged.checksumStart).isEqualTo(start + 4);
            assertThat(tagged.gsoSize).isEqualTo(100);
            Frame back = new Frame();
            Frames.scatter(arena, back, tagged.bytes, new SplittableRandom(1), 3);
            superFrame.writeHeader(back);
            back.checksumStart += 4;
            assertThat(bridge.forward(trunk, back)).isEqualTo(FramePort.DELIVERED);
            assertThat(access.delivered.getFirst().bytes).isEqualTo(bytes);
            assertThat(access.delivered.getFirst().checksumStart).isEqualTo(start);
        }
    }

    /**
     * A customer's tagged super-frame crosses a trunk with a service tag before its own tag, and leaves the bridge
     * unchanged.
     */
    @ParameterizedTest
    @CsvSource({"0x88a8", "0x8100"})
    void aTunnelKeepsTheCustomersTag(int type) {
        Bridge bridge = new Bridge(new OffloadEngine());
        RecordingPort customer = new RecordingPort(Offloads.ALL);
        RecordingPort trunk = new RecordingPort(Offloads.ALL);
        RecordingPort access = new RecordingPort(Offloads.ALL);
        RecordingPort branch = new RecordingPort(Offloads.ALL);
        bridge.add(customer, PortRules.NONE.withVlan(PortVlan.tunnel(9, Set.of(), type)));
        bridge.add(trunk, PortRules.NONE);
        bridge.add(access, PortRules.NONE.withVlan(PortVlan.access(9)));
        bridge.add(branch, PortRules.NONE.withVlan(PortVlan.tunnel(9, Set.of(5, 6), type)));
        SuperFrame superFrame = SuperFrame.datagrams(3, 100);
        byte[] bytes = with(addressed(superFrame.bytes(), 1, 2), 0x6005);
        try (Arena arena = Arena.ofConfined()) {
            Frame sent = new Frame();
            Frames.scatter(arena, sent, bytes, new SplittableRandom(1), 3);
            superFrame.writeHeader(sent);
            sent.checksumStart += 4;
            int start = sent.checksumStart;
            assertThat(bridge.forward(customer, sent)).isEqualTo(FramePort.DELIVERED);
            RecordingPort.Delivered wrapped = trunk.delivered.getFirst();
            assertThat(wrapped.bytes).isEqualTo(with(bytes, type, 9));
            assertThat(wrapped.checksumStart).isEqualTo(start + 4);
            assertThat(wrapped.gsoSize).isEqualTo(100);
            assertThat(access.delivered).as("it would see the customer's tag").isEmpty();
            assertThat(branch.delivered.getFirst().bytes).isEqualTo(bytes);
            branch.delivered.clear();

            Frame back = new Frame();
            byte[] wrappedBack = addressed(wrapped.bytes, 3, 1);
            Frames.scatter(arena, back, wrappedBack, new SplittableRandom(1), 5);
            superFrame.writeHeader(back);
            back.checksumStart += 8;
            assertThat(bridge.forward(trunk, back)).isEqualTo(FramePort.DELIVERED);
            assertThat(customer.delivered.getFirst().bytes).isEqualTo(without(wrappedBack));
            assertThat(customer.delivered.getFirst().checksumStart).isEqualTo(start);

            Frame other = new Frame();
            Frames.scatter(arena, other, with(addressed(superFrame.bytes(), 1, 0xff), 7), new SplittableRandom(1), 1);
            assertThat(bridge.forward(customer, other)).isEqualTo(FramePort.DELIVERED);
            assertThat(branch.delivered).as("customer VLAN 7 is not its own").isEmpty();
            assertThat(trunk.delivered).hasSize(2);
        }
    }

    @Test
    void aStationIsKnownInItsVlanAndCarriedWithIt() {
        Bridge bridge = new Bridge(new OffloadEngine());
        RecordingPort trunk = new RecordingPort(Offloads.ALL);
        RecordingPort one = new RecordingPort(Offloads.ALL);
        bridge.add(trunk, PortRules.NONE);
        bridge.add(one, PortRules.NONE.withVlan(PortVlan.access(1)));
        long station = 0x0200_0000_0003L;
        bridge.learn(trunk, station | 1L << 48);
        bridge.learn(trunk, station | 2L << 48);
        bridge.learn(one, station | 3L << 48);
        assertThat(bridge.stations(trunk, 10)).containsExactly(station | 1L << 48, station | 2L << 48);
        assertThat(bridge.stations(one, 10)).as("it is not in VLAN 3").isEmpty();
        assertThat(bridge.has(trunk, station)).as("untagged").isFalse();
        bridge.forget(trunk);
        assertThat(bridge.stations(trunk, 10)).isEmpty();
    }
}
