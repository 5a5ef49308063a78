// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.packet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.tap.Capture;
import org.vhost4j.host.tap.NetNamespace;
import org.vhost4j.host.tap.Packet;
import org.vhost4j.host.tap.TapDevice;
import org.vhost4j.host.tap.TapPort;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.sys.SystemError;

/**
 * A port on one end of a veth pair. The other end is on a bridge of the kernel, with a TAP. Inside the kernel a VLAN
 * tag is stored beside the frame: the kernel removes it from a received frame, and a TAP inserts it again. Needs root.
 */
class PacketPortIT {
    private static final int TSO = Offloads.CSUM | Offloads.TSO4 | Offloads.TSO6 | Offloads.ECN;
    private static final int USO = Offloads.USO4 | Offloads.USO6;

    private final BlockingQueue<String> trouble = new LinkedBlockingQueue<>();
    private final OpenDescriptors before = OpenDescriptors.now();
    private final NetNamespace namespace = new NetNamespace();
    private final Tagged toPort = new Tagged();
    private final Tagged toTap = new Tagged();
    private final TapPort tap;
    private final PacketPort port;

    /** A sink that accepts frames with tags, too. */
    private static final class Tagged implements FrameSink {
        private final Capture kept = new Capture();
        private int refusals;
        private byte[] last = {};
        private int start;

        @Override
        public int forward(FramePort from, Frame frame) {
            if (refusals > 0) {
                refusals--;
                return FramePort.NO_ROOM;
            }
            Frame other = frame;
            byte[] bytes = bytes(frame);
            if (bytes[12] == (byte) 0x81 && bytes[13] == 0) {
                last = bytes;
                start = frame.checksumStart;
                try (Arena arena = Arena.ofConfined()) {
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    out.write(bytes, 0, 12);
                    out.write(bytes, 16, bytes.length - 16);
                    other = Packet.frame(arena, out.toByteArray(), 65536);
                    other.header(frame);
                    return kept.forward(from, other);
                }
            }
            return kept.forward(from, other);
        }

        private static byte[] bytes(Frame frame) {
            byte[] bytes = new byte[frame.bytes];
            int at = 0;
            for (int i = 0; i < frame.pieces; i++) {
                MemorySegment.copy(
                        MemorySegment.ofAddress(frame.address[i]).reinterpret(frame.length[i]),
                        ValueLayout.JAVA_BYTE,
                        0,
                        bytes,
                        at,
                        frame.length[i]);
                at += frame.length[i];
            }
            return bytes;
        }

        @Override
        public void flush() {}
    }

    PacketPortIT() throws Exception {
        namespace.run(() -> {
            // Spares us most of what the host's stack would say on its own.
            Files.writeString(Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6"), "1");
            NetNamespace.command("ip link add br0 type bridge mcast_snooping 0");
            NetNamespace.command("ip link set br0 up");
            veth();
            return 0;
        });
        tap = tap();
        port = open(toPort);
    }

    private static void veth() throws Exception {
        NetNamespace.command("ip link add va type veth peer name vb");
        NetNamespace.command("ip link set vb master br0 up");
        NetNamespace.command("ip link set va up");
    }

    private TapPort tap() throws Exception {
        return namespace.run(() -> {
            TapPort made = new TapPort(
                    "tap", TapDevice.open("tap", false), TSO | USO, toTap, new OffloadEngine(), trouble::add);
            NetNamespace.command("ip link set tap master br0 up");
            made.receiveOffloads(TSO | USO);
            return made;
        });
    }

    private PacketPort open(FrameSink sink) throws Exception {
        PacketSocket socket = namespace.run(() -> PacketSocket.open("va"));
        return new PacketPort("packet:va", socket, sink, new OffloadEngine(), System::nanoTime, trouble::add);
    }

    @AfterEach
    void unwire() {
        port.close();
        port.close();
        tap.close();
        namespace.close();
        before.awaitNoOthers();
    }

    /** The result of sending a frame from the TAP, which the kernel's bridge drops for a while after its port has come up. */
    private byte[] fromTap(Arena arena, byte[] bytes) {
        Await.until(() -> "a frame from the TAP", Await.PATIENCE, () -> {
            assertThat(tap.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.DELIVERED);
            port.poll();
            return !toPort.kept.kept.isEmpty();
        });
        return toPort.kept.kept.getFirst().bytes();
    }

    private static byte[] tagged(byte[] frame, int control) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(frame, 0, 12);
        out.writeBytes(new byte[] {(byte) 0x81, 0, (byte) (control >>> 8), (byte) control});
        out.write(frame, 12, frame.length - 12);
        return out.toByteArray();
    }

    private static Frame superFrame(Arena arena, byte[] bytes, int protocol, int tag) {
        Frame frame = Packet.superFrame(arena, bytes, protocol, 1400);
        frame.checksumStart += tag;
        frame.headerLength += tag;
        return frame;
    }

    @Test
    void plainFramesCrossBothWays() {
        byte[] bytes = Packet.of(Packet.UDP, 1000);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(port.deliver(Packet.frame(arena, bytes, 100))).isEqualTo(FramePort.DELIVERED);
            assertThat(toTap.kept.await(tap, 1).getFirst().bytes()).isEqualTo(bytes);
            assertThat(tap.deliver(Packet.frame(arena, bytes, 100))).isEqualTo(FramePort.DELIVERED);
            assertThat(toPort.kept.await(port, 1).getFirst().bytes()).isEqualTo(bytes);
        }
        assertThat(port.counters().framesOut()).isEqualTo(1);
        assertThat(port.counters().bytesOut()).isEqualTo(bytes.length);
        assertThat(trouble).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {Packet.TCP, Packet.UDP})
    void superFramesCrossWhole(int protocol) {
        byte[] bytes = Packet.of(protocol, 40 * 1400);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(port.deliver(superFrame(arena, bytes, protocol, 0))).isEqualTo(FramePort.DELIVERED);
            Capture.Kept out = toTap.kept.await(tap, 1).getFirst();
            assertThat(tap.deliver(superFrame(arena, bytes, protocol, 0))).isEqualTo(FramePort.DELIVERED);
            Capture.Kept in = toPort.kept.await(port, 1).getFirst();
            for (Capture.Kept each : List.of(out, in)) {
                assertThat(each.bytes()).isEqualTo(bytes);
                assertThat(each.gsoType()).isEqualTo(protocol == Packet.TCP ? Frame.GSO_TCPV4 : Frame.GSO_UDP_L4);
                assertThat(each.gsoSize()).isEqualTo(1400);
                assertThat(each.flags()).isEqualTo(Frame.NEEDS_CSUM);
                assertThat(each.checksumStart()).isEqualTo(Packet.checksumStart());
            }
        }
        assertThat(port.counters().superFramesOut()).isEqualTo(1);
        assertThat(port.counters().superFramesIn()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {Packet.TCP, Packet.UDP})
    void theTagThatTheKernelTakesOutIsPutBack(int protocol) {
        byte[] bytes = Packet.of(protocol, 20 * 1400);
        byte[] whole = tagged(bytes, 0x6005);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(tap.deliver(superFrame(arena, whole, protocol, 4))).isEqualTo(FramePort.DELIVERED);
            Capture.Kept in = toPort.kept.await(port, 1).getFirst();
            assertThat(toPort.last).isEqualTo(whole);
            assertThat(toPort.start).isEqualTo(Packet.checksumStart() + 4);
            assertThat(in.gsoSize()).isEqualTo(1400);
            byte[] small = tagged(Packet.of(protocol, 100), 7);
            Frame partial = superFrame(arena, small, protocol, 4);
            partial.gsoType = Frame.GSO_NONE;
            partial.gsoSize = 0;
            assertThat(tap.deliver(partial)).isEqualTo(FramePort.DELIVERED);
            toPort.kept.await(port, 1);
            assertThat(toPort.last).isEqualTo(small);
            assertThat(toPort.start).isEqualTo(Packet.checksumStart() + 4);
            // And out again, with the tag in the frame.
            assertThat(port.deliver(superFrame(arena, whole, protocol, 4))).isEqualTo(FramePort.DELIVERED);
            Capture.Kept out = toTap.kept.await(tap, 1).getFirst();
            assertThat(toTap.last).isEqualTo(whole);
            assertThat(toTap.start).isEqualTo(Packet.checksumStart() + 4);
            assertThat(out.gsoSize()).isEqualTo(1400);
        }
    }

    @Test
    void whatTheHostSendsByTheInterfaceIsNotReceived() throws Exception {
        byte[] bytes = Packet.of(Packet.UDP, 500);
        Capture toOther = new Capture();
        PacketPort other = open(toOther);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(other.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.DELIVERED);
            assertThat(toTap.kept.await(tap, 1)).hasSize(1);
            byte[] next = Packet.of(Packet.UDP, 60);
            assertThat(tap.deliver(Packet.frame(arena, next, 1500))).isEqualTo(FramePort.DELIVERED);
            assertThat(toPort.kept.await(port, 1).getFirst().bytes()).isEqualTo(next);
        } finally {
            other.close();
        }
    }

    @Test
    void theInterfaceIsPromiscuousWhileThePortIsOpen() throws Exception {
        assertThat(namespace.run(() -> details("va"))).contains("promiscuity 1 ");
        port.close();
        assertThat(namespace.run(() -> details("va"))).contains("promiscuity 0 ");
    }

    private static String details(String ifname) throws Exception {
        Process process = new ProcessBuilder("ip", "-d", "-o", "link", "show", ifname).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        process.getOutputStream().close();
        process.getInputStream().close();
        process.getErrorStream().close();
        return output;
    }

    @Test
    void aFrameWaitsForItsReceiverAndCanBeHandedOver() throws Exception {
        byte[] bytes = Packet.of(Packet.UDP, 700);
        try (Arena arena = Arena.ofConfined()) {
            toPort.refusals = Integer.MAX_VALUE;
            assertThat(tap.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.DELIVERED);
            Await.until(() -> "a frame waits", Await.PATIENCE, () -> {
                port.poll();
                HeldFrame held = port.held();
                return held != null && held.frame().bytes == bytes.length;
            });
            Capture toNext = new Capture();
            PacketPort next = open(toNext);
            try {
                next.halt();
                next.hold(port.held());
                assertThat(next.poll()).isZero();
                next.proceed();
                assertThat(toNext.await(next, 1).getFirst().bytes()).isEqualTo(bytes);
            } finally {
                next.close();
            }
        }
    }

    @Test
    void anInterfaceThatIsDownIsSaidOnce() throws Exception {
        byte[] bytes = Packet.of(Packet.UDP, 200);
        try (Arena arena = Arena.ofConfined()) {
            namespace.run(() -> {
                NetNamespace.command("ip link set va down");
                return 0;
            });
            for (int i = 0; i < 5; i++) {
                port.poll();
                assertThat(port.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.REFUSED);
            }
            assertThat(trouble).containsExactly("interface va is down; frames for it are dropped");
            assertThat(port.counters().drops(PortDrop.DOWN)).isEqualTo(5);
            namespace.run(() -> {
                NetNamespace.command("ip link set va up");
                return 0;
            });
            assertThat(port.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.DELIVERED);
            assertThat(fromTap(arena, bytes)).isEqualTo(bytes);
            assertThat(trouble).hasSize(1);
        }
    }

    @Test
    void anInterfaceThatWasRemovedIsJoinedAgain() throws Exception {
        byte[] bytes = Packet.of(Packet.UDP, 200);
        try (Arena arena = Arena.ofConfined()) {
            namespace.run(() -> {
                NetNamespace.command("ip link del va");
                return 0;
            });
            for (int i = 0; i < 5; i++) {
                port.poll();
                assertThat(port.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.REFUSED);
            }
            assertThat(trouble)
                    .containsExactly("interface va was removed; it is joined again when there is one of that name");
            namespace.run(() -> {
                veth();
                return 0;
            });
            Await.until(() -> "two lines in " + trouble, Await.PATIENCE, () -> trouble.size() == 2);
            assertThat(trouble).contains("interface va exists again and was joined");
            assertThat(fromTap(arena, bytes)).isEqualTo(bytes);
            assertThat(port.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.DELIVERED);
        }
    }

    @Test
    void oneThatIsDownBeforeItIsRemovedIsJoinedAgain() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = Packet.of(Packet.UDP, 100);
            namespace.run(() -> {
                NetNamespace.command("ip link set va down");
                return 0;
            });
            port.poll();
            assertThat(port.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.REFUSED);
            assertThat(trouble).containsExactly("interface va is down; frames for it are dropped");
            namespace.run(() -> {
                NetNamespace.command("ip link del va");
                return 0;
            });
            Await.until(() -> "two lines in " + trouble, Await.PATIENCE, () -> trouble.size() == 2);
            assertThat(trouble).contains("interface va was removed; it is joined again when there is one of that name");
            namespace.run(() -> {
                veth();
                return 0;
            });
            Await.until(() -> "three lines in " + trouble, Await.PATIENCE, () -> trouble.size() == 3);
            assertThat(port.deliver(Packet.frame(arena, bytes, 1500))).isEqualTo(FramePort.DELIVERED);
        }
    }

    @Test
    void aFrameBeyondTheMtuIsRefusedWithALine() {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = Packet.of(Packet.UDP, 3000);
            assertThat(port.deliver(Packet.frame(arena, bytes, 4000))).isEqualTo(FramePort.REFUSED);
            assertThat(port.deliver(Packet.frame(arena, bytes, 4000))).isEqualTo(FramePort.REFUSED);
        }
        assertThat(port.counters().drops(PortDrop.TOO_LONG)).isEqualTo(2);
        assertThat(trouble).containsExactly("a frame of 3042 bytes is longer than the interface's MTU allows");
    }

    @Test
    void whatIsNoInterfaceIsRefusedInOneSentence() {
        assertThatThrownBy(() -> namespace.run(() -> PacketSocket.open("nothere")))
                .isInstanceOfSatisfying(
                        SystemError.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV))
                .hasMessage("there is no interface nothere");
    }
}
