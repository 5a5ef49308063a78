// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.LaneListener;
import org.vhost4j.host.packet.PacketPort;
import org.vhost4j.host.packet.PacketSocket;
import org.vhost4j.host.tap.Capture;
import org.vhost4j.host.tap.NetNamespace;
import org.vhost4j.host.tap.Packet;
import org.vhost4j.host.tap.TapDevice;
import org.vhost4j.host.tap.TapPort;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.sys.SystemError;

/** Tests an AF_XDP port on one end of a veth pair, with a packet port on the other end. Needs root. */
class XdpPortIT {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final BlockingQueue<byte[]> came = new LinkedBlockingQueue<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private final AtomicLong nanos = new AtomicLong(1);
    private final Capture fromPort = new Capture();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private OpenDescriptors before = OpenDescriptors.now();
    private NetNamespace namespace;

    private final LaneListener listener = new LaneListener() {
        @Override
        public void faulted(Pollable pollable, String reason, Throwable cause) {
            lines.add(reason);
        }

        @Override
        public void failed(Throwable cause) {
            lines.add(cause.toString());
        }
    };

    private final FrameSink sink = new FrameSink() {
        @Override
        public int forward(FramePort from, Frame frame) {
            if (refusals.get() > 0) {
                refusals.decrementAndGet();
                return FramePort.NO_ROOM;
            }
            assertThat(frame.needs).isZero();
            byte[] bytes = new byte[frame.bytes];
            int at = 0;
            for (int i = 0; i < frame.pieces; i++) {
                MemorySegment piece = MemorySegment.ofAddress(frame.address[i]).reinterpret(frame.length[i]);
                MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, 0, bytes, at, frame.length[i]);
                at += frame.length[i];
            }
            if (Packet.isOurs(bytes) || bytes[12] == (byte) 0x81) {
                came.add(bytes);
            }
            return FramePort.DELIVERED;
        }

        @Override
        public void flush() {}
    };

    @BeforeEach
    void makeNamespace() throws Exception {
        before = OpenDescriptors.now();
        namespace = new NetNamespace();
        namespace.run(() -> {
            // Spares us most of what the host's stack would say on its own.
            Files.writeString(Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6"), "1");
            return 0;
        });
    }

    @AfterEach
    void unwire() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
        namespace.close();
        before.awaitNoOthers();
    }

    private void in(String... commands) throws Exception {
        namespace.run(() -> {
            for (String each : commands) {
                NetNamespace.command(each);
            }
            return 0;
        });
    }

    private void veth(String options, int mtu) throws Exception {
        in(
                "ip link add va mtu %1$d%2$s type veth peer name vb mtu %1$d%2$s".formatted(mtu, options),
                "ip link set va up",
                "ip link set vb up");
    }

    /** A port that a test polls itself. */
    private XdpPort port(String ifname, XdpMode mode) throws Exception {
        XdpPort port = namespace.run(() ->
                new XdpPort("xdp:" + ifname, () -> XdpSocket.open(ifname, 0, mode), sink, nanos::get, lines::add));
        opened.push(port);
        return port;
    }

    private PacketPort peer(String ifname) throws Exception {
        PacketPort port = namespace.run(() -> new PacketPort(
                "peer", PacketSocket.open(ifname), fromPort, new OffloadEngine(), System::nanoTime, line -> {}));
        opened.push(port);
        return port;
    }

    private static void deliver(FramePort to, byte[] bytes, int pieceLength) {
        try (Arena arena = Arena.ofConfined()) {
            assertThat(to.deliver(Packet.frame(arena, bytes, pieceLength))).isEqualTo(FramePort.DELIVERED);
            to.flush();
        }
    }

    private void await(XdpPort port, byte[]... expected) {
        Await.until(() -> came.size() + " of " + expected.length + " frames came", Await.PATIENCE, () -> {
            int unused = port.poll();
            return came.size() >= expected.length;
        });
        for (byte[] each : expected) {
            assertThat(came.poll()).isEqualTo(each);
        }
    }

    /** A plain frame: a UDP checksum of 0 is none. */
    private static byte[] plain(int payload) {
        byte[] frame = Packet.of(Packet.UDP, payload);
        frame[Packet.checksumStart() + 6] = 0;
        frame[Packet.checksumStart() + 7] = 0;
        return frame;
    }

    @ParameterizedTest
    @CsvSource({"va, AUTO, 'with copies'", "va, COPY, 'with copies'", "br0, AUTO, 'with copies, not in the driver'"})
    void framesCrossBothWays(String ifname, XdpMode mode, String how) throws Exception {
        veth("", 1500);
        if (ifname.equals("br0")) {
            // A bridge takes no program as a driver does.
            in("ip link add br0 type bridge mcast_snooping 0", "ip link set va master br0", "ip link set br0 up");
        }
        XdpPort port = port(ifname, mode);
        PacketPort peer = peer("vb");
        assertThat(lines.poll()).startsWith("AF_XDP on queue 0").contains(how);
        long bytes = 0;
        for (int payload : new int[] {1, 100, 1000, 1472}) {
            byte[] frame = plain(payload);
            deliver(port, frame, 333);
            assertThat(fromPort.await(peer, 1).getFirst().bytes()).isEqualTo(frame);
            deliver(peer, frame, 100);
            await(port, frame);
            bytes += frame.length;
        }
        assertThat(port.counters().framesOut()).isEqualTo(4);
        assertThat(port.counters().bytesOut()).isEqualTo(bytes);
        assertThat(port.counters().framesIn()).isGreaterThanOrEqualTo(4);
        assertThat(port.counters().drops(false)).isZero();
        assertThat(lines).isEmpty();
    }

    /** Several times what the rings hold: chunks come back in both directions. */
    @Test
    void burstsGoThroughAllChunks() throws Exception {
        veth("", 1500);
        XdpPort port = port("va", XdpMode.AUTO);
        PacketPort peer = peer("vb");
        byte[] frame = plain(1000);
        try (Arena arena = Arena.ofConfined()) {
            Frame one = Packet.frame(arena, frame, 2000);
            for (int burst = 0; burst < 5 * XdpSocket.FRAMES / 64; burst++) {
                for (int i = 0; i < 64; i++) {
                    assertThat(port.deliver(one)).isEqualTo(FramePort.DELIVERED);
                }
                port.flush();
                assertThat(fromPort.await(peer, 64)).hasSize(64);
                for (int i = 0; i < 64; i++) {
                    assertThat(peer.deliver(one)).isEqualTo(FramePort.DELIVERED);
                }
                Await.until(() -> came.size() + " frames", Await.PATIENCE, () -> {
                    int unused = port.poll();
                    return came.size() >= 64;
                });
                assertThat(came).allMatch(each -> Arrays.equals(each, frame));
                came.clear();
            }
        }
        assertThat(port.counters().drops(true)).isZero();
        assertThat(port.counters().framesOut()).isEqualTo(5 * XdpSocket.FRAMES);
    }

    /** What a guest leaves to the device is done before it leaves: a port takes plain frames only. */
    @Test
    void superFramesAreCutBeforeTheyLeave() throws Exception {
        veth("", 1500);
        XdpPort port = port("va", XdpMode.AUTO);
        PacketPort peer = peer("vb");
        try (Arena arena = Arena.ofConfined()) {
            OffloadEngine engine = new OffloadEngine();
            Frame frame = Packet.superFrame(arena, Packet.of(Packet.TCP, 10 * 1400), Packet.TCP, 1400);
            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);
            port.flush();
        }
        List<Capture.Kept> segments = fromPort.await(peer, 10);
        assertThat(segments).hasSize(10).allMatch(each -> Packet.isSound(each.bytes()) && each.gsoType() == 0);
    }

    /** The kernel's bridge takes a tag out of the frame, and veth leaves it beside, where no XDP program sees it. */
    @Test
    void aTagIsInTheFrameOnceTheOffloadIsOff() throws Exception {
        veth("", 1500);
        in("ip link add br0 type bridge mcast_snooping 0", "ip link set vb master br0", "ip link set br0 up");
        TapPort tap = namespace.run(() -> {
            TapPort made = new TapPort(
                    "tap", TapDevice.open("tap", false), Offloads.CSUM, sink, new OffloadEngine(), lines::add);
            NetNamespace.command("ip link set tap master br0 up");
            return made;
        });
        opened.push(tap);
        XdpPort port = port("va", XdpMode.AUTO);
        byte[] plain = plain(200);
        byte[] tagged = new byte[plain.length + 4];
        System.arraycopy(plain, 0, tagged, 0, 12);
        System.arraycopy(new byte[] {(byte) 0x81, 0, 0, 5}, 0, tagged, 12, 4);
        System.arraycopy(plain, 12, tagged, 16, plain.length - 12);
        deliver(tap, tagged, 2000);
        await(port, plain);
        in("ethtool -K vb txvlan off");
        deliver(tap, tagged, 2000);
        await(port, tagged);
        deliver(port, tagged, 2000);
        Await.until(() -> came.size() + " frames came", Await.PATIENCE, () -> {
            int unused = tap.poll();
            return came.stream().anyMatch(each -> Arrays.equals(each, tagged));
        });
    }

    @Test
    void framesWaitForTheirReceiver() throws Exception {
        veth("", 1500);
        XdpPort port = port("va", XdpMode.AUTO);
        PacketPort peer = peer("vb");
        byte[][] frames = {plain(100), plain(200), plain(300)};
        refusals.set(5);
        for (byte[] each : frames) {
            deliver(peer, each, 2000);
        }
        await(port, frames);
    }

    @ParameterizedTest
    @ValueSource(ints = {9000, 65_000})
    void longFramesCrossInSeveralChunks(int mtu) throws Exception {
        veth("", mtu);
        XdpPort port = port("va", XdpMode.AUTO);
        PacketPort peer = peer("vb");
        byte[] frame = plain(mtu - 28);
        deliver(port, frame, 5000);
        assertThat(fromPort.await(peer, 1).getFirst().bytes()).isEqualTo(frame);
        deliver(peer, frame, 5000);
        await(port, frame);
        assertThat(lines).hasSize(1);
    }

    @Test
    void aFrameBeyondTheMtuIsRefusedWithALine() throws Exception {
        veth("", 1500);
        XdpPort port = port("va", XdpMode.AUTO);
        lines.clear();
        try (Arena arena = Arena.ofConfined()) {
            Frame frame = Packet.frame(arena, plain(2000), 4000);
            assertThat(port.deliver(frame)).isEqualTo(FramePort.REFUSED);
            assertThat(port.deliver(frame)).isEqualTo(FramePort.REFUSED);
            assertThat(port.counters().drops(PortDrop.TOO_LONG)).isEqualTo(2);
            assertThat(lines).containsExactly("a frame of 2042 bytes is longer than the interface's MTU allows");
            in("ip link set vb mtu 3000", "ip link set va mtu 3000");
            nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
            assertThat(port.deliver(frame)).isEqualTo(FramePort.DELIVERED);
        }
    }

    /** The kernel counts what it has no chunk for, and so does the port. */
    @Test
    void framesBeyondTheChunksAreCounted() throws Exception {
        veth("", 1500);
        XdpPort port = port("va", XdpMode.AUTO);
        PacketPort peer = peer("vb");
        byte[] frame = plain(60);
        for (int i = 0; i < XdpSocket.FRAMES + 100; i++) {
            deliver(peer, frame, 2000);
        }
        Await.until(
                () -> port.counters().drops(PortDrop.NO_BUFFER) + " frames were dropped",
                Await.PATIENCE,
                () -> port.counters().drops(PortDrop.NO_BUFFER) >= 100);
        assertThat(port.counters().drops(PortDrop.NO_BUFFER)).isEqualTo(100);
    }

    @Test
    void otherQueuesAreTheHosts() throws Exception {
        veth(" numrxqueues 2 numtxqueues 2", 1500);
        in("ethtool -L va rx 2 tx 2", "ethtool -L vb rx 2 tx 2");
        XdpPort port = namespace.run(() ->
                new XdpPort("xdp:va", () -> XdpSocket.open("va", 1, XdpMode.AUTO), sink, System::nanoTime, lines::add));
        opened.push(port);
        assertThat(lines.poll())
                .startsWith("AF_XDP on queue 1 of 2, with copies; frames of its other queues go to the host");
    }

    @Test
    void aLaneSleepsUntilFramesCome() throws Exception {
        veth("", 1500);
        Lane lane = namespace.run(() -> Lane.start("test", IdlePolicy.EVENT_DRIVEN, listener));
        opened.push(lane);
        XdpPort port = port("va", XdpMode.AUTO);
        opened.remove(port);
        opened.push(() -> lane.submit(close(port)).join());
        lane.submit(() -> {
                    port.attach(lane);
                    return true;
                })
                .join();
        PacketPort peer = peer("vb");
        for (int i = 0; i < 20; i++) {
            byte[] frame = plain(100 + i);
            deliver(peer, frame, 2000);
            assertThat(came.poll(10, TimeUnit.SECONDS)).isEqualTo(frame);
        }
        // Removed and there again.
        in("ip link del va");
        assertThat(next("was removed"))
                .isEqualTo("interface va was removed; it is joined again when there is one of that name");
        lane.submit(() -> {
                    try (Arena arena = Arena.ofConfined()) {
                        assertThat(port.deliver(Packet.frame(arena, plain(1), 100)))
                                .isEqualTo(FramePort.REFUSED);
                    }
                    return true;
                })
                .join();
        assertThat(port.counters().drops(PortDrop.DOWN)).isEqualTo(1);
        veth("", 1500);
        assertThat(next("again")).isEqualTo("interface va exists again and was joined");
        PacketPort again = peer("vb");
        byte[] frame = plain(500);
        deliver(again, frame, 2000);
        assertThat(came.poll(10, TimeUnit.SECONDS)).isEqualTo(frame);
    }

    /** A queue has one socket: the port that is to continue waits for the end of the previous one, silently. */
    @Test
    void aPortTakesAQueueOver() throws Exception {
        veth("", 1500);
        Lane lane = namespace.run(() -> Lane.start("test", IdlePolicy.EVENT_DRIVEN, listener));
        opened.push(lane);
        XdpPort before = port("va", XdpMode.AUTO);
        lines.clear();
        XdpPort after = XdpPort.later(
                "xdp:va", () -> XdpSocket.open("va", 0, XdpMode.AUTO), sink, System::nanoTime, lines::add);
        opened.push(() -> lane.submit(close(after)).join());
        lane.submit(() -> {
                    after.attach(lane);
                    try (Arena arena = Arena.ofConfined()) {
                        assertThat(after.deliver(Packet.frame(arena, plain(1), 100)))
                                .isEqualTo(FramePort.REFUSED);
                    }
                    after.flush();
                    return true;
                })
                .join();
        PacketPort peer = peer("vb");
        before.halt();
        deliver(peer, plain(100), 2000);
        assertThat(before.poll()).as("halted").isZero();
        before.proceed("va");
        await(before, plain(100));
        came.clear();
        before.halt();
        lane.submit(() -> {
                    after.proceed("va");
                    return true;
                })
                .join();
        before.close();
        opened.remove(before);
        assertThat(next("AF_XDP")).startsWith("AF_XDP on queue 0 of 1, with copies");
        byte[] frame = plain(500);
        deliver(peer, frame, 2000);
        assertThat(came.poll(10, TimeUnit.SECONDS)).isEqualTo(frame);
        assertThat(lines).isEmpty();
    }

    private static Callable<Boolean> close(XdpPort port) {
        return () -> {
            port.close();
            port.close();
            return true;
        };
    }

    private String next(String part) throws InterruptedException {
        while (true) {
            String line = lines.poll(10, TimeUnit.SECONDS);
            if (line == null) {
                throw new AssertionError("no line with '" + part + "' came");
            }
            if (line.contains(part)) {
                return line;
            }
        }
    }

    @Test
    void anInterfaceThatIsDownIsSaidOnce() throws Exception {
        veth("", 1500);
        XdpPort port = port("va", XdpMode.AUTO);
        lines.clear();
        in("ip link set va down");
        try (Arena arena = Arena.ofConfined()) {
            Frame frame = Packet.frame(arena, plain(100), 2000);
            assertThat(port.deliver(frame)).isEqualTo(FramePort.DELIVERED);
            port.flush();
            assertThat(port.deliver(frame)).isEqualTo(FramePort.REFUSED);
            assertThat(port.deliver(frame)).isEqualTo(FramePort.REFUSED);
            assertThat(lines).containsExactly("interface va is down; frames for it are dropped");
            assertThat(port.counters().drops(PortDrop.DOWN)).isEqualTo(2);
            in("ip link set va up");
            nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
            PacketPort peer = peer("vb");
            assertThat(port.deliver(frame)).isEqualTo(FramePort.DELIVERED);
            port.flush();
            assertThat(fromPort.await(peer, 1).getFirst().bytes()).isEqualTo(plain(100));
        }
    }

    @Test
    void theProgramGoesWithThePort() throws Exception {
        veth("", 1500);
        XdpPort port = port("va", XdpMode.AUTO);
        refused("va", 0, XdpMode.AUTO, Errno.EBUSY)
                .hasMessage("cannot attach an XDP program to va: it has one already, which 'ip link show va' names");
        in("ip link set va down");
        refused("va", 0, XdpMode.AUTO, Errno.ENETDOWN).hasMessage("interface va is down: set it up first");
        in("ip link set va up");
        port.close();
        assertThat(port("va", XdpMode.AUTO).counters().drops(true)).isZero();
    }

    @Test
    void whatDoesNotWorkIsSaidInOneSentence() throws Exception {
        veth("", 1500);
        refused("nothere", 0, XdpMode.AUTO, Errno.ENODEV).hasMessage("there is no interface nothere");
        refused("lo", 0, XdpMode.AUTO, Errno.EINVAL).hasMessage("interface lo is no Ethernet");
        refused("va", 7, XdpMode.AUTO, Errno.EINVAL).hasMessage("interface va has no queue 7, but queue 0 only");
        refused("va", 0, XdpMode.ZEROCOPY, Errno.EOPNOTSUPP)
                .hasMessage("the driver of va has no AF_XDP without copies: leave out mode=zerocopy");
    }

    private AbstractThrowableAssert<?, ?> refused(String ifname, int queue, XdpMode mode, int errno) {
        return assertThatThrownBy(() -> namespace.run(() -> XdpSocket.open(ifname, queue, mode)))
                .isInstanceOfSatisfying(
                        SystemError.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }
}
